//! Hands what libFuzzer makes up to `checks::request_line`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::request_line::check(bytes));
