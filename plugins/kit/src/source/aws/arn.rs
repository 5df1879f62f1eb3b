//! Amazon's names of resources: `arn:aws:cloudwatch:eu-west-1:123456789012:alarm:Name`.

/// The parts of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: &'a str,
    /// The region, where it has one.
    pub region: Option<&'a str>,
    /// The account, where it has one.
    pub account: Option<&'a str>,
    /// What the service calls it: `alarm:Name`, `service/cluster/name`.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Reads a name; none where it is no such name.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.trim().strip_prefix("arn:")?.splitn(5, ':');
        let partition = parts.next()?;
        let _service = parts.next()?;
        let some = |part: &'a str| Some(part).filter(|part| !part.is_empty());
        let (region, account) = (parts.next().and_then(some), parts.next().and_then(some));
        Some(Self { partition, region, account, resource: parts.next()? })
    }

    /// What follows the last `/` or `:` of the resource.
    pub fn last(self) -> &'a str {
        self.resource.rsplit(['/', ':']).next().unwrap_or(self.resource)
    }

    /// The address of the console of a region.
    pub fn console(partition: &str, region: &str) -> String {
        let domain = match partition {
            "aws-cn" => "console.amazonaws.cn",
            "aws-us-gov" => "console.amazonaws-us-gov.com",
            _ => "console.aws.amazon.com",
        };
        format!("https://{region}.{domain}")
    }
}

/// Whether a text can be a region in an address; the sender may write anything there.
pub fn is_region(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.contains('-') && text.len() <= 32 && text.split('-').all(plain)
}

/// A text within an address's fragment.
pub fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let mut escaped = String::new();
    for byte in text.bytes() {
        if plain(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_resources_are_taken_apart() {
        let arn = Arn::parse("arn:aws-cn:cloudwatch:cn-north-1:12:alarm:a:b").unwrap();
        assert_eq!((arn.region, arn.account, arn.resource), (Some("cn-north-1"), Some("12"), "alarm:a:b"));
        assert_eq!(Arn::parse("arn:aws:health:us-east-1::event/ACM/x").unwrap().account, None);
        assert!(Arn::parse("i-0f67").is_none() && Arn::parse("arn:aws:sns:EXAMPLE").is_none());
        assert!(
            is_region("ap-northeast-2") && !is_region("REGION") && !is_region("a.b-c") && !is_region("Asia Pacific")
        );
        assert_eq!(escaped("a b/ä"), "a%20b%2F%C3%A4");
    }
}
