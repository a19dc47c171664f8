//! Hands what libFuzzer makes up to `checks::skip_token`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::skip_token::check(bytes));
