//! Bodies that are forms.
//!
//! A source sees one kind of form, `application/x-www-form-urlencoded`: what comes as `multipart/form-data` is
//! rewritten to it here, once, instead of being taken apart by every source whose sender may use it. A field
//! that holds a file of another kind than text is left out, since no source could read it.

use std::borrow::Cow;
use std::convert::Infallible;

use axum::body::Bytes;
use form_urlencoded::{Serializer, parse};

use super::answer::Failure;

/// The kind of form that sources see.
pub const URLENCODED: &str = "application/x-www-form-urlencoded";

/// Fields of a form that is taken apart here.
const MOST: usize = 1000;

/// The value of a field, the first of that name.
pub fn field<'a>(body: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    parse(body).find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The form without a field.
pub fn without(body: &[u8], name: &str) -> Vec<u8> {
    let kept = parse(body).filter(|(key, _)| key != name);
    Serializer::new(String::new()).extend_pairs(kept).finish().into_bytes()
}

/// Where a multipart body is to be taken apart: what stands between its parts.
pub fn boundary(content_type: &str) -> Option<String> {
    multer::parse_boundary(content_type).ok()
}

/// A multipart body as the other kind of form.
///
/// # Errors
/// 400 where it is no such body.
pub async fn urlencoded(body: Vec<u8>, boundary: String) -> Result<Vec<u8>, Failure> {
    let wrong = |error: multer::Error| Failure::invalid(format!("the body is no multipart form: {error}"));
    let whole = futures::stream::once(std::future::ready(Ok::<_, Infallible>(Bytes::from(body))));
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut fields: Vec<(String, Bytes)> = Vec::new();
    for _ in 0..MOST {
        let Some(part) = parts.next_field().await.map_err(wrong)? else {
            let texts = fields.iter().filter_map(|(name, bytes)| Some((name, std::str::from_utf8(bytes).ok()?)));
            return Ok(Serializer::new(String::new()).extend_pairs(texts).finish().into_bytes());
        };
        let name = part.name().unwrap_or_default().to_string();
        fields.push((name, part.bytes().await.map_err(wrong)?));
    }
    Err(Failure::invalid(format!("the body is a form of more than {MOST} fields")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_and_taken_out() {
        let form = b"Status=Down&Token=abc&Name=a+b%26c&Token=def";
        assert_eq!(field(form, "Token").as_deref(), Some("abc"));
        assert_eq!(field(form, "token"), None);
        assert_eq!(without(form, "Token"), b"Status=Down&Name=a+b%26c");
        assert_eq!(field(b"\xff\xfe{\"a\":1}", "Token"), None);
    }

    #[tokio::test]
    async fn a_multipart_form_becomes_the_other_kind() {
        let boundary = boundary("multipart/form-data; boundary=\"-- x y\"").unwrap();
        let body = "---- x y\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{\"msg\": \"a&b=\u{e9}\"}\r\n\
                    ---- x y\r\nContent-Disposition: form-data; name=\"n\"\r\nContent-Type: text/plain\r\n\r\n2\r\n\
                    ---- x y--\r\n";
        let form = urlencoded(body.as_bytes().to_vec(), boundary.clone()).await.unwrap();
        let fields: Vec<_> = parse(&form).collect();
        assert_eq!(fields, [("data".into(), "{\"msg\": \"a&b=\u{e9}\"}".into()), ("n".into(), "2".into())]);

        let file = b"---- x y\r\nContent-Disposition: form-data; name=\"shot\"; filename=\"a.png\"\r\n\r\n\x89PNG\xff\r\n---- x y--\r\n";
        assert_eq!(urlencoded(file.to_vec(), boundary.clone()).await.unwrap(), b"", "no text");
        for odd in [&b""[..], b"{\"a\":1}", b"---- x y\r\n", &body.as_bytes()[..60], b"\x00\xff\xfe"] {
            let refused = urlencoded(odd.to_vec(), boundary.clone()).await.map_err(|failure| format!("{failure:?}"));
            assert!(refused.as_ref().is_err_and(|text| text.contains("400")), "{odd:?}: {refused:?}");
        }
        let part = "---- x y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
        let many = format!("{}---- x y--\r\n", part.repeat(MOST + 1));
        assert!(urlencoded(many.into_bytes(), boundary).await.is_err());
    }
}
