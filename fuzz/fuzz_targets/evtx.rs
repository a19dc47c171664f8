//! Hands what libFuzzer makes up to `checks::evtx`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::evtx::check(bytes));
