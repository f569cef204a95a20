//! HJ 212: the frames in which monitoring stations speak, of 2017 and 2025, read and written.
//!
//! Pure: no clock, no I/O, no async. Who a station is, what its readings mean and what follows from them is not here.
