//! What a process takes: processor time and memory, as Linux counts them.

use anyhow::Context;

/// Ticks of a second in `/proc`, on every Linux that there is.
const TICKS: f64 = 100.0;

/// At one moment.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Seconds of processor time.
    pub processor: f64,
    /// Megabytes that are resident, and the most that ever were.
    pub memory: f64,
    /// As above.
    pub peak: f64,
}

impl Usage {
    /// Of a process.
    pub fn of(process: u32) -> anyhow::Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        // The name may hold spaces; behind its bracket come the fields from the third on.
        let (_, fields) = stat.rsplit_once(')').context("/proc has another form")?;
        let ticks: f64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
        let megabytes = |key: &str| -> f64 {
            let line = status.lines().find(|line| line.starts_with(key));
            let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
            number.unwrap_or_default() / 1024.0
        };
        Ok(Self { processor: ticks / TICKS, memory: megabytes("VmRSS"), peak: megabytes("VmHWM") })
    }
}
