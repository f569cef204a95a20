//! Activations of the plans of drinking-water sources: the board, and the points from which it is computed.

pub(crate) mod index;
pub(crate) mod points;
