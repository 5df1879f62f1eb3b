//! How large a request may be. It is measured before anything goes through it: a guest may write as much as its
//! memory holds, and what the host does with it is time that nobody interrupts.

use super::{HttpError, Request};

/// Letters of a method.
const METHOD: usize = 32;

/// Bytes of a URL, before and after secrets are put in.
pub(super) const URL: usize = 16 << 10;

/// Headers.
const HEADERS: usize = 100;

/// Bytes of all their names and values, before and after secrets are put in.
pub(super) const HEADER_BYTES: usize = 64 << 10;

/// Bytes of a body, before and after secrets are put in.
pub(super) const BODY: usize = 1 << 20;

/// Refuses what is larger, without saying it again.
pub(super) fn check(request: &Request) -> Result<(), HttpError> {
    let bytes: usize = request.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    for (has, most, what) in [
        (request.method.len(), METHOD, "letters in its method"),
        (request.url.len(), URL, "bytes in its URL"),
        (request.headers.len(), HEADERS, "headers"),
        (bytes, HEADER_BYTES, "bytes in its headers"),
        (request.body.len(), BODY, "bytes in its body"),
    ] {
        if has > most {
            return Err(too_large(most, what));
        }
    }
    Ok(())
}

/// The error about what is larger once secrets are in it.
pub(super) fn too_large(most: usize, what: &str) -> HttpError {
    HttpError::Invalid(format!("the request has more than {most} {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_its_bound() {
        let long = |n: usize| "x".repeat(n);
        let fits = Request {
            method: long(METHOD),
            url: long(URL),
            headers: (0..HEADERS).map(|_| (long(10), long(500))).collect(),
            body: long(BODY),
            ..Request::default()
        };
        assert_eq!(check(&fits), Ok(()));
        for (more, want) in [
            (Request { method: long(METHOD + 1), ..fits.clone() }, "more than 32 letters in its method"),
            (Request { url: long(URL + 1), ..fits.clone() }, "more than 16384 bytes in its URL"),
            (Request { headers: vec![Default::default(); HEADERS + 1], ..fits.clone() }, "more than 100 headers"),
            (Request { headers: vec![(long(HEADER_BYTES), long(1))], ..fits.clone() }, "bytes in its headers"),
            (Request { body: long(BODY + 1), ..fits.clone() }, "more than 1048576 bytes in its body"),
        ] {
            let HttpError::Invalid(text) = check(&more).unwrap_err() else { panic!("{want}") };
            assert!(text.contains(want) && text.len() < 100, "{text}");
        }
    }
}
