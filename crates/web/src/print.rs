//! Map sheets as PDF for whoever asks for one: the fonts of the machine, read once, and as many at a time as the processors
//! stand. What a sheet shows is `water`'s.

use std::sync::{Arc, OnceLock};

use axum::http::StatusCode;
use huiyin_water::sheet::fontdb::Database;
use huiyin_water::sheet::{NoPdf, Paper, pdf};
use tokio::sync::Semaphore;

use crate::error::ApiError;

/// Sheets that are written at once.
const AT_ONCE: usize = 2;

/// The fonts of the machine.
#[must_use]
pub fn machine_fonts() -> Database {
    let mut fonts = Database::new();
    fonts.load_system_fonts();
    fonts
}

/// Writes PDFs.
pub(crate) struct Printer {
    fonts: Arc<OnceLock<Arc<Database>>>,
    free: Semaphore,
}

impl Default for Printer {
    fn default() -> Self {
        Self { fonts: Arc::default(), free: Semaphore::new(AT_ONCE) }
    }
}

impl Printer {
    /// A sheet on one page.
    pub(crate) async fn pdf(&self, svg: String, paper: Paper, title: String) -> Result<Vec<u8>, ApiError> {
        let _turn = self.free.acquire().await.map_err(|_| failed("the printer is closed"))?;
        let fonts = Arc::clone(&self.fonts);
        let written = tokio::task::spawn_blocking(move || {
            let fonts = fonts.get_or_init(|| Arc::new(machine_fonts()));
            pdf(&svg, paper, &title, fonts)
        });
        match written.await.map_err(|problem| failed(&problem.to_string()))? {
            Ok(bytes) => Ok(bytes),
            Err(NoPdf::NoFont) => Err(ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "no_font",
                "服务器没有中文字体，无法生成 PDF。请管理员安装字体，如 apt-get install fonts-noto-cjk，然后重新启动",
                &NoPdf::NoFont.to_string(),
            )),
            Err(problem @ NoPdf::Failed(_)) => Err(failed(&problem.to_string())),
        }
    }
}

fn failed(problem: &str) -> ApiError {
    crate::ports::OfficeError::Failed(problem.to_owned()).into()
}
