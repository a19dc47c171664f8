//! Hands what libFuzzer makes up to `checks::token`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::token::check(bytes));
