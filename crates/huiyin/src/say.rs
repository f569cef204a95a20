//! What a command answers, on standard output. A reader that has gone away (`huiyin … | head`) ends nothing: the work is
//! done to its end and the rest of the words fall away.

use std::fmt::Arguments;
use std::io::Write as _;

/// A line of the answer.
#[macro_export]
macro_rules! say {
    ($($words:tt)*) => { $crate::say::out(format_args!("{}\n", format_args!($($words)*))) };
}

/// A part of the answer without a line break.
#[macro_export]
macro_rules! say_part {
    ($($words:tt)*) => { $crate::say::out(format_args!($($words)*)) };
}

/// Writes to standard output. That it cannot be written is no failure of what was done.
pub(crate) fn out(words: Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    if let Err(problem) = out.write_fmt(words).and_then(|()| out.flush())
        && problem.kind() != std::io::ErrorKind::BrokenPipe
    {
        tracing::warn!(%problem, "the answer could not be written");
    }
}
