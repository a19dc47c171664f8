//! Hands what libFuzzer makes up to `checks::address_lists`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::address_lists::check(bytes));
