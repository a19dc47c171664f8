//! A suite.
