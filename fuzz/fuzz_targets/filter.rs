//! Hands what libFuzzer makes up to `checks::filter`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::filter::check(bytes));
