//! Source for Icinga 2, and for Nagios and Naemon: what a notification command posts, as JSON or as a form, and the
//! notifications of Icinga's event stream.

use tidegate_plugin::source::{Alert, CallError, Decoded, Fields, Inbound, nagios, utc_offset};

tidegate_plugin::source!(decode, settings);

const LINKS: [&str; 6] = ["url", "link", "icingawebobjecturl", "icingaweburl", "serviceactionurl", "hostactionurl"];

fn decode(request: &Inbound, settings: &str) -> Result<Decoded, CallError> {
    let more = |alert: Alert, fields: &Fields| {
        alert.label("zone", nagios::first(fields, &["zone", "hostzone"])).link(nagios::first(fields, &LINKS))
    };
    nagios::decode(&request.body, &utc_offset(settings)?, more).map_err(|reason| {
        CallError::InvalidInput(format!(
            "{reason}; macros are not escaped in JSON, so send a form (curl --data-urlencode) as this source's README does"
        ))
    })
}
