//! Hands what libFuzzer makes up to `checks::vendor_records`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::vendor_records::check(bytes));
