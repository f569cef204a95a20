//! HJ 212: the frames in which monitoring stations speak, of 2017 and 2025, read and written.
//!
//! A byte stream goes through [`frame::Framer`], which gives frames or named faults; [`segment::Segment`] reads what a
//! frame says and [`area::Area`] its readings; [`parts::Assembler`] puts packets together; [`write`] and [`answer`] are the
//! way back; [`told`] is the form in which frames are shown to people and read from them.
//!
//! Pure: no clock, no I/O, no async. Who a station is, what its readings mean and what follows from them is not here.
//!
//! Sources: HJ 212-2017 and HJ 212-2025 《污染物自动监测监控系统数据传输技术要求》; clause numbers stand where they are used.

pub mod answer;
pub mod area;
pub mod cipher;
pub mod crc;
pub mod fault;
pub mod frame;
pub mod parts;
pub mod remark;
pub mod segment;
pub mod told;
pub mod write;
