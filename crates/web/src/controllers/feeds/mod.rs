//! Public warnings: the Atom feed and its CAP 1.2 messages. Open to anybody on the real timeline; those of exercises need
//! a sign-in, and say of themselves that they are none.

pub(crate) mod cap;
