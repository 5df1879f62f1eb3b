//! Damage to what can be derived anew.

use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::sim::Dice;

const PAGE: u64 = 4096;

/// Overwrites some pages in the middle of the projection, or takes its beginning or the whole file away.
///
/// # Errors
/// When the file cannot be written.
pub fn projection(data: &Path, dice: &mut Dice) -> anyhow::Result<&'static str> {
    let file = data.join("projection.db");
    let Ok(length) = std::fs::metadata(&file).map(|metadata| metadata.len()) else { return Ok("it does not exist") };
    let pages = length / PAGE;
    if dice.chance(20) || pages < 20 {
        std::fs::remove_file(&file)?;
        return Ok("removed");
    }
    let open = std::fs::OpenOptions::new().write(true).open(&file)?;
    if dice.chance(20) {
        open.set_len(pages / 2 * PAGE)?;
        return Ok("cut in half");
    }
    let garbage: Vec<u8> = (0..8 * PAGE).map(|_| dice.next() as u8).collect();
    open.write_all_at(&garbage, dice.within(2..pages - 8) * PAGE)?;
    Ok("eight pages of garbage")
}
