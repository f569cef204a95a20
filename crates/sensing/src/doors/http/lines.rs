//! Connections of the HTTP door and their bounds: how many, how long without a word, how long for one request.

use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep};

use crate::doors::config::Http;
use crate::doors::places::{Place, Places};
use crate::ingest::{Counts, Reason};
use crate::observation::Source;

/// Pause after a connection could not be taken, for want of file handles perhaps.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Takes connections within the bounds of the door.
pub(super) struct Lines {
    listener: TcpListener,
    places: Places,
    idle: Duration,
    request: Duration,
    counts: Arc<Counts>,
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct From(pub(super) SocketAddr);

impl Connected<IncomingStream<'_, Lines>> for From {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Lines {
    pub(super) fn new(listener: TcpListener, http: &Http, counts: Arc<Counts>) -> Self {
        let places = Places::new(http.most_lines, http.most_lines_of_one_address);
        Self { listener, places, idle: http.idle, request: http.request, counts }
    }
}

impl Listener for Lines {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, from)) => match self.places.take(from.ip().to_canonical()) {
                    Some(place) => return (Line::new(stream, place, self), from),
                    None => {
                        self.counts.refused(Source::Http, Reason::Limit);
                        tracing::warn!(%from, "too many connections of callers; this one was closed");
                    }
                },
                Err(error) => {
                    tracing::warn!(%error, "a connection of a caller was not taken");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends when its time is over, also for one who sends a byte now and then.
pub(super) struct Line {
    stream: TcpStream,
    idle: Duration,
    request: Duration,
    /// When the connection was last at rest: opened, or answered.
    rested: Instant,
    /// Since when a request is coming or being answered.
    begun: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
    counts: Arc<Counts>,
    _place: Place,
}

impl Line {
    fn new(stream: TcpStream, place: Place, lines: &Lines) -> Self {
        let (rested, counts) = (Instant::now(), Arc::clone(&lines.counts));
        let alarm = Box::pin(tokio::time::sleep_until(rested + lines.idle));
        let (idle, request) = (lines.idle, lines.request);
        Self { stream, idle, request, rested, begun: None, alarm, counts, _place: place }
    }
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let line = self.get_mut();
        let until = line.begun.map_or(line.rested + line.idle, |begun| begun + line.request);
        if line.alarm.deadline() != until {
            line.alarm.as_mut().reset(until);
        }
        if line.alarm.as_mut().poll(cx).is_ready() {
            if line.begun.is_some() {
                line.counts.refused(Source::Http, Reason::Limit);
                tracing::warn!("a request did not come whole in time; its connection was closed");
            }
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = bytes.filled().len();
        let read = Pin::new(&mut line.stream).poll_read(cx, bytes);
        if line.begun.is_none() && bytes.filled().len() > before {
            let now = Instant::now();
            line.begun = Some(now);
            line.alarm.as_mut().reset(now + line.request);
            // The new deadline must wake this task too.
            let _ = line.alarm.as_mut().poll(cx);
        }
        read
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let line = self.get_mut();
        let written = Pin::new(&mut line.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(n)) = written
            && n > 0
        {
            (line.begun, line.rested) = (None, Instant::now());
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
