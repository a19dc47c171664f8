//! Hands what libFuzzer makes up to `checks::xml`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::xml::check(bytes));
