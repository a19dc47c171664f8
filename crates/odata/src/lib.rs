//! odata.
