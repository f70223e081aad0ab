//! The widths of a network that may be narrowed, and NetAdapt's proposals to narrow one.

pub(crate) mod axes;
pub(crate) mod channel_mapping;
pub(crate) mod proposals;
