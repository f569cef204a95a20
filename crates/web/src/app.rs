//! What every door has at hand: the office, the accounts, settings, and the injected time and randomness.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use huiyin_journal::accounts::Accounts;
use tokio::sync::Semaphore;

use crate::auth::throttle::Throttle;
use crate::live::Streams;
use crate::metrics::Metrics;
use crate::ports::Office;
use crate::print::Printer;
use crate::views::session::DistrictView;

/// Shared by all requests. Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

/// See [`AppState`].
pub struct Inner {
    /// Cases.
    pub office: Arc<dyn Office>,
    /// People and sessions.
    pub accounts: Accounts,
    /// Settings.
    pub config: Config,
    /// Time for sessions and rate limits. Not the office's clock: moving that must sign nobody out.
    pub wall: WallClock,
    /// Where secrets come from.
    pub entropy: Entropy,
    /// Becomes true when the service stops: streams end then.
    pub(crate) closing: tokio::sync::watch::Sender<bool>,
    /// Password hashing is heavy on purpose; this many at once.
    pub(crate) hashing: Semaphore,
    /// Slows down previews.
    pub(crate) previews: Throttle,
    /// Slows down searches for people.
    pub(crate) identities: Throttle,
    /// Slows down readers of public feeds.
    pub(crate) feeds: Throttle,
    /// Slows down uploads.
    pub(crate) uploads: Throttle,
    /// Writes map sheets as PDF.
    pub(crate) printer: Printer,
    /// Live pages of each session.
    pub(crate) streams: Streams,
    /// Counters of requests.
    pub(crate) metrics: Metrics,
}

/// Tells the time for sessions and rate limits.
pub type WallClock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;
/// Gives 32 unpredictable bytes.
pub type Entropy = Arc<dyn Fn() -> [u8; 32] + Send + Sync>;

/// Settings of the doors.
#[derive(Clone, Debug)]
pub struct Config {
    /// The district served.
    pub district: DistrictView,
    /// These are the doors of the exercises 演练.
    pub exercise: bool,
    /// There are doors of exercises beside these, below `/drill`.
    pub exercises: bool,
    /// Address people reach the console at; `https:` makes cookies `Secure`.
    pub public_url: String,
    /// How long a session lasts.
    pub session: Duration,
    /// The caller's address is the last of `X-Forwarded-For`: only behind a proxy of one's own.
    pub behind_proxy: bool,
    /// Largest JSON body, bytes.
    pub max_json: usize,
    /// Largest uploaded file, bytes.
    pub max_upload: usize,
    /// After this long an answer is given up.
    pub timeout: Duration,
    /// Further lines of `/metrics`, of other parts of the process.
    pub more_metrics: Option<MoreMetrics>,
    /// Bearer token for `/metrics` beside a session; none: sessions only.
    pub metrics_token: Option<Secret>,
    /// Tiles that maps may draw below; none: maps ask for nothing outside.
    pub map_tiles: Option<Tiles>,
}

impl Config {
    /// The usual settings for a district.
    #[must_use]
    pub fn new(code: &str, name: &str, public_url: &str) -> Self {
        Self {
            district: DistrictView { code: code.to_owned(), name: name.to_owned() },
            exercise: false,
            exercises: false,
            public_url: public_url.to_owned(),
            session: Duration::from_secs(12 * 60 * 60),
            behind_proxy: false,
            max_json: 256 * 1024,
            max_upload: 20 * 1024 * 1024,
            timeout: Duration::from_secs(30),
            more_metrics: None,
            metrics_token: None,
            map_tiles: None,
        }
    }

    /// Cookies only over TLS.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.public_url.starts_with("https:")
    }
}

/// Where maps get their tiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiles {
    url: String,
    origin: String,
    attribution: String,
}

impl Tiles {
    /// Tiles of a template address, such as `https://tiles.example.gov.cn/vec_w/{z}/{x}/{y}.png`.
    ///
    /// # Errors
    /// In words, when it is no such address: it goes into the page's security policy.
    pub fn read(url: &str, attribution: &str) -> Result<Self, String> {
        let expected = "expected https://HOST/… with {z}, {x} and {y}";
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let host = rest.and_then(|rest| rest.split(['/', '?']).next()).unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
        if host.is_empty() || !host.chars().all(plain) || !url.is_ascii() || url.contains([' ', '"', ';']) {
            return Err(expected.to_owned());
        }
        if let Some(missing) = ["{z}", "{x}", "{y}"].iter().find(|part| !url.contains(**part)) {
            return Err(format!("{missing} is missing. {expected}"));
        }
        let origin = url[..url.len() - rest.map_or(0, str::len) + host.len()].to_owned();
        Ok(Self { url: url.to_owned(), origin, attribution: attribution.to_owned() })
    }

    /// The template.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whose map it is, in words.
    #[must_use]
    pub fn attribution(&self) -> &str {
        &self.attribution
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }
}

/// Lines in the text format of Prometheus, made when they are asked for.
#[derive(Clone)]
pub struct MoreMetrics(pub Arc<dyn Fn() -> String + Send + Sync>);

impl std::fmt::Debug for MoreMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MoreMetrics")
    }
}

/// A secret that does not print.
#[derive(Clone)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl AppState {
    /// Doors to an office. `wall` and `entropy` are injected; [`system_wall`] and [`system_entropy`] are the real ones.
    #[must_use]
    pub fn new(office: Arc<dyn Office>, accounts: Accounts, config: Config, wall: WallClock, entropy: Entropy) -> Self {
        Self(Arc::new(Inner {
            office,
            accounts,
            config,
            wall,
            entropy,
            closing: tokio::sync::watch::Sender::new(false),
            hashing: Semaphore::new(2),
            previews: Throttle::new(30, 5.0),
            identities: Throttle::new(30, 0.2),
            feeds: Throttle::new(60, 2.0),
            uploads: Throttle::new(100, 0.1),
            printer: Printer::default(),
            streams: Streams::default(),
            metrics: Metrics::default(),
        }))
    }

    /// Now, for sessions and rate limits.
    #[must_use]
    pub fn wall(&self) -> DateTime<Utc> {
        (self.0.wall)()
    }
}

impl std::ops::Deref for AppState {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// The system's time.
#[must_use]
pub fn system_wall() -> WallClock {
    Arc::new(Utc::now)
}

/// The system's randomness.
#[must_use]
pub fn system_entropy() -> Entropy {
    Arc::new(rand::random::<[u8; 32]>)
}
