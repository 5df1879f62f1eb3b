//! Bodies of HTML forms (`application/x-www-form-urlencoded`).

/// The fields of a body in their order. What is not well encoded stays as it is written.
pub fn fields(body: &str) -> Vec<(String, String)> {
    let pairs = body.trim().split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (decode(k), decode(v))).collect()
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match escaped.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()) {
            Some(value) => {
                decoded.push(value);
                at += 3;
            }
            None => {
                decoded.push(if *byte == b'+' { b' ' } else { *byte });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::fields;

    #[test]
    fn fields_are_decoded_and_nothing_is_refused() {
        let found = fields("a=1&b=x+y%2Bz&c&=v&d=%zz%e4%b8%ad%f&a=2\n");
        let want = [("a", "1"), ("b", "x y+z"), ("c", ""), ("", "v"), ("d", "%zz中%f"), ("a", "2")];
        assert_eq!(found, want.map(|(k, v)| (k.to_string(), v.to_string())));
        assert!(fields("").is_empty());
    }
}
