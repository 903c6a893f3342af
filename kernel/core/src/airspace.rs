//! Which of two sides' aircraft will be too near each other: every pair at once, from their states, in variable time (both sides'
//! states are known to the caller). Plain IEEE arithmetic in a fixed order, the same for either side's view of a pair.
//!
//! A track is eight little-endian f64: its place on the sphere around the earth's centre (3, metres), its velocity there (3, m/s), its
//! altitude (m) and climb (m/s). A pair is looked at on the plane that is level half-way between both: the chord between two places
//! on a sphere lies in it already.

use crate::{Error, Result};

/// Bytes of one track.
pub const TRACK: usize = 64;
/// Bytes of one row of the answer: ours and theirs (u32), when they enter and leave the volume (f64, seconds).
pub const ROW: usize = 24;

/// The volume and how far ahead to look: metres and seconds. `soon` and `level` widen it in time (well clear's TTHR and TCOA);
/// with `open` its edge does not belong to it.
#[derive(Clone, Copy, Debug)]
pub struct Volume {
    pub distance: f64,
    pub height: f64,
    pub soon: f64,
    pub level: f64,
    pub ahead: f64,
    pub open: bool,
}

#[derive(Clone, Copy)]
struct Track {
    place: [f64; 3],
    velocity: [f64; 3],
    altitude: f64,
    climb: f64,
}

/// A little less than one: what rounding could decide is left to the exact equations.
const CLEARLY: f64 = 1.0 - 1e-9;

/// Below this (m/s, squared) nothing moves.
const MOTIONLESS: f64 = 1e-12;

/// The pairs that are in the volume between now and `ahead`, in order of ours, then theirs; at most `most`, else Misuse.
pub fn conflicts(ours: &[u8], theirs: &[u8], volume: &Volume, most: usize) -> Result<Vec<u8>> {
    let numbers = [volume.distance, volume.height, volume.soon, volume.level, volume.ahead];
    if !numbers.iter().all(|n| n.is_finite() && *n >= 0.0) {
        return Err(Error::Misuse("a volume is made of finite numbers, none below zero"));
    }
    let (ours, theirs) = (decode(ours)?, decode(theirs)?);
    let sky = Sky::of(&theirs, volume);
    let mut near = vec![0u8; sky.x.len()];
    let mut rows = Vec::new();
    for (i, own) in ours.iter().enumerate() {
        sky.near(&Reach::of(own, volume), &mut near);
        for (j, _) in near.iter().enumerate().filter(|(_, near)| **near != 0) {
            if let Some((enters, leaves)) = meets(own, &theirs[j], volume) {
                if rows.len() >= most.saturating_mul(ROW) {
                    return Err(Error::Misuse("more pairs are in conflict than were asked for"));
                }
                rows.extend_from_slice(&(i as u32).to_le_bytes());
                rows.extend_from_slice(&(j as u32).to_le_bytes());
                rows.extend_from_slice(&enters.to_le_bytes());
                rows.extend_from_slice(&leaves.to_le_bytes());
            }
        }
    }
    Ok(rows)
}

/// How far a track gets while it is looked at, rounded outward to f32: a ball around its place, a band around its altitude.
#[derive(Clone, Copy)]
struct Reach {
    place: [f32; 3],
    radius: f32,
    low: f32,
    high: f32,
}

/// Metres by which f32 may be wrong about a place on the earth, and more.
const BLUR: f64 = 16.0;

impl Reach {
    /// Half of the volume is taken to be around each of both tracks.
    fn of(track: &Track, volume: &Volume) -> Self {
        let speed = track.velocity.iter().map(|v| v * v).sum::<f64>().sqrt();
        let moved = (volume.ahead + volume.level) * track.climb;
        let margin = volume.height / 2.0 + BLUR;
        Reach {
            place: track.place.map(|n| n as f32),
            radius: ((volume.ahead + volume.soon) * speed * 1.0001 + volume.distance / 2.0 + BLUR) as f32,
            low: (track.altitude + moved.min(0.0) - margin) as f32,
            high: (track.altitude + moved.max(0.0) + margin) as f32,
        }
    }
}

/// The reaches of all of theirs, a column each: most of the sky is ruled out by a few comparisons that the compiler does in parallel.
struct Sky {
    x: Vec<f32>,
    y: Vec<f32>,
    z: Vec<f32>,
    radius: Vec<f32>,
    low: Vec<f32>,
    high: Vec<f32>,
}

impl Sky {
    fn of(tracks: &[Track], volume: &Volume) -> Self {
        let reaches: Vec<Reach> = tracks.iter().map(|track| Reach::of(track, volume)).collect();
        let column = |value: fn(&Reach) -> f32| reaches.iter().map(value).collect();
        Sky {
            x: column(|r| r.place[0]),
            y: column(|r| r.place[1]),
            z: column(|r| r.place[2]),
            radius: column(|r| r.radius),
            low: column(|r| r.low),
            high: column(|r| r.high),
        }
    }

    /// Writes 1 for those that can come near `own`, else 0.
    fn near(&self, own: &Reach, out: &mut [u8]) {
        let n = out.len();
        let (x, y, z) = (&self.x[..n], &self.y[..n], &self.z[..n]);
        let (radius, low, high) = (&self.radius[..n], &self.low[..n], &self.high[..n]);
        for j in 0..n {
            let (dx, dy, dz) = (x[j] - own.place[0], y[j] - own.place[1], z[j] - own.place[2]);
            let reach = radius[j] + own.radius;
            let close = dx * dx + dy * dy + dz * dz <= reach * reach;
            out[j] = u8::from(close & (low[j] <= own.high) & (high[j] >= own.low));
        }
    }
}

fn decode(bytes: &[u8]) -> Result<Vec<Track>> {
    if !bytes.len().is_multiple_of(TRACK) || bytes.len() / TRACK > u32::MAX as usize {
        return Err(Error::Misuse("tracks are rows of eight f64"));
    }
    bytes
        .chunks_exact(TRACK)
        .map(|row| {
            let mut n = [0f64; 8];
            for (value, eight) in n.iter_mut().zip(row.chunks_exact(8)) {
                *value = f64::from_le_bytes(eight.try_into().map_err(|_| Error::Misuse("eight bytes make an f64"))?);
            }
            if !n.iter().all(|value| value.is_finite()) {
                return Err(Error::Misuse("a track is made of finite numbers"));
            }
            Ok(Track { place: [n[0], n[1], n[2]], velocity: [n[3], n[4], n[5]], altitude: n[6], climb: n[7] })
        })
        .collect()
}

/// When a pair is in the volume, clipped to the look-ahead; None if it is not.
fn meets(own: &Track, other: &Track, volume: &Volume) -> Option<(f64, f64)> {
    let (z, climb) = (own.altitude - other.altitude, own.climb - other.climb);
    let (mut ss, mut sv, mut vv, mut vm, mut mm) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for k in 0..3 {
        let s = own.place[k] - other.place[k];
        let v = own.velocity[k] - other.velocity[k];
        let m = own.place[k] + other.place[k];
        ss += s * s;
        sv += s * v;
        vv += v * v;
        vm += v * m;
        mm += m * m;
    }
    let d2 = volume.distance * volume.distance;
    if ss > d2 && sv >= 0.0 {
        return None;
    }
    // the discriminant of the entry into the distance, times |m|²: most pairs pass each other wide
    if sv * sv * mm < (vv * mm - vm * vm) * (ss - d2) * CLEARLY {
        return None;
    }
    // what of the velocity is level half-way; at the antipodes nothing is, and nothing is near
    let speed = if mm > 0.0 { (vv - vm * vm / mm).max(0.0) } else { vv };
    let across = across(ss, sv, speed, d2, volume)?;
    let beside = beside(z, climb, volume)?;
    let (enters, leaves) = (across.0.max(beside.0), across.1.min(beside.1));
    let outside = if volume.open {
        enters >= leaves || enters >= volume.ahead || leaves <= 0.0
    } else {
        enters > leaves || enters > volume.ahead || leaves < 0.0
    };
    if outside {
        None
    } else {
        Some((enters.max(0.0), leaves.min(volume.ahead)))
    }
}

/// Within the distance, or about to be: modified tau (DTHR² - s²) / s·v at most `soon`.
fn across(ss: f64, sv: f64, speed: f64, d2: f64, volume: &Volume) -> Option<(f64, f64)> {
    if speed <= MOTIONLESS {
        let inside = if volume.open { ss < d2 } else { ss <= d2 };
        return inside.then_some((f64::NEG_INFINITY, f64::INFINITY));
    }
    let (first, last) = roots(speed, 2.0 * sv, ss - d2)?;
    if volume.soon == 0.0 {
        return Some((first, last));
    }
    let soon = roots(speed, 2.0 * sv + volume.soon * speed, ss + volume.soon * sv - d2);
    Some((soon.map_or(first, |(enters, _)| enters.min(first)), last))
}

/// Within the height, or about to be level.
fn beside(z: f64, climb: f64, volume: &Volume) -> Option<(f64, f64)> {
    if climb == 0.0 {
        let inside = if volume.open { z.abs() < volume.height } else { z.abs() <= volume.height };
        return inside.then_some((f64::NEG_INFINITY, f64::INFINITY));
    }
    let reach = volume.height.max(volume.level * climb.abs());
    Some(((-reach.copysign(climb) - z) / climb, (volume.height.copysign(climb) - z) / climb))
}

/// Where a·t² + b·t + c <= 0, for a > 0.
fn roots(a: f64, b: f64, c: f64) -> Option<(f64, f64)> {
    let discriminant = b * b - 4.0 * a * c;
    if discriminant < 0.0 {
        return None;
    }
    let half = -0.5 * (b + discriminant.sqrt().copysign(b));
    if half == 0.0 {
        return Some((0.0, 0.0));
    }
    let (one, other) = (half / a, c / half);
    Some((one.min(other), one.max(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const R: f64 = 6_366_707.0;

    fn track(x: f64, y: f64, vx: f64, altitude: f64, climb: f64) -> [u8; TRACK] {
        let mut row = [0u8; TRACK];
        let z = (R * R - x * x - y * y).sqrt();
        for (eight, value) in row.chunks_exact_mut(8).zip([x, y, z, vx, 0.0, -vx * x / z, altitude, climb]) {
            eight.copy_from_slice(&value.to_le_bytes());
        }
        row
    }

    fn cylinder() -> Volume {
        Volume { distance: 1000.0, height: 300.0, soon: 0.0, level: 0.0, ahead: 180.0, open: true }
    }

    fn times(rows: &[u8]) -> (f64, f64) {
        let at = |from: usize| f64::from_le_bytes(rows[from..from + 8].try_into().unwrap());
        (at(8), at(16))
    }

    #[test]
    fn head_on_at_100_m_s_enters_when_the_edge_is_reached() {
        let (own, other) = (track(0.0, 0.0, 0.0, 3000.0, 0.0), track(-10_000.0, 0.0, 100.0, 3000.0, 0.0));
        let rows = conflicts(&own, &other, &cylinder(), 10).unwrap();
        let (enters, leaves) = times(&rows);
        assert!((enters - 90.0).abs() < 1e-3 && (leaves - 110.0).abs() < 1e-3, "{enters} {leaves}");
    }

    #[test]
    fn either_side_finds_the_same_times_to_the_bit() {
        let (own, other) = (track(500.0, 900.0, -30.0, 3100.0, -2.0), track(-9_000.0, 700.0, 93.0, 2900.0, 1.0));
        let well_clear = Volume { distance: 1222.32, height: 137.16, soon: 35.0, level: 20.0, ahead: 180.0, open: false };
        let (one, two) = (conflicts(&own, &other, &well_clear, 9).unwrap(), conflicts(&other, &own, &well_clear, 9).unwrap());
        assert_eq!(one.len(), ROW);
        assert_eq!(one[8..], two[8..]);
    }

    #[test]
    fn who_is_on_the_other_side_of_the_earth_is_not_near() {
        let (own, mut other) = (track(0.0, 0.0, 0.0, 3000.0, 0.0), track(0.0, 0.0, 0.0, 3000.0, 0.0));
        other[16..24].copy_from_slice(&(-R).to_le_bytes());
        assert!(conflicts(&own, &other, &cylinder(), 10).unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_meant_is_misuse() {
        let own = track(0.0, 0.0, 0.0, 3000.0, 0.0);
        assert!(conflicts(&own[1..], &own, &cylinder(), 10).is_err());
        assert!(conflicts(&own, &own, &cylinder(), 0).is_err());
        assert!(conflicts(&own, &own, &Volume { ahead: f64::NAN, ..cylinder() }, 10).is_err());
        assert!(conflicts(&track(f64::NAN, 0.0, 0.0, 0.0, 0.0), &own, &cylinder(), 10).is_err());
        assert_eq!(conflicts(&[], &own, &cylinder(), 10).unwrap().len(), 0);
    }
}
