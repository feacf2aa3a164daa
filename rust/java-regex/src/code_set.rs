// SPDX-License-Identifier: Apache-2.0
//! Sets of code points as sorted ranges.

/// The largest code point.
pub(crate) const MAX: u32 = 0x10_FFFF;

/// A set of code points: sorted ranges that neither overlap nor touch, and a bit map of the ASCII part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CodeSet {
    ranges: Vec<(u32, u32)>,
    ascii: u128,
}

impl CodeSet {
    /// The set of the given ranges, in any order.
    pub(crate) fn new(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        let low = merged.iter().take_while(|&&(first, _)| first < 128);
        let ascii = low.flat_map(|&(first, last)| first..=last.min(127)).fold(0, |bits, c| bits | 1_u128 << c);
        Self { ranges: merged, ascii }
    }

    /// Every code point.
    pub(crate) fn all() -> Self {
        Self::new(vec![(0, MAX)])
    }

    pub(crate) fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    pub(crate) fn contains(&self, c: u32) -> bool {
        if c < 128 {
            return self.ascii >> c & 1 == 1;
        }
        let after = self.ranges.partition_point(|&(first, _)| first <= c);
        after.checked_sub(1).and_then(|row| self.ranges.get(row)).is_some_and(|&(_, last)| last >= c)
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        Self::new(self.ranges.iter().chain(&other.ranges).copied().collect())
    }

    pub(crate) fn complement(&self) -> Self {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = 0;
        for &(first, last) in &self.ranges {
            if first > next {
                ranges.push((next, first - 1));
            }
            next = last + 1;
        }
        if next <= MAX {
            ranges.push((next, MAX));
        }
        Self::new(ranges)
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        self.complement().union(&other.complement()).complement()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_agree_with_membership() {
        let a = CodeSet::new(vec![(b'a'.into(), b'm'.into()), (0x400, 0x500), (b'k'.into(), b'p'.into())]);
        let b = CodeSet::new(vec![(b'o'.into(), b'z'.into()), (0x450, 0x10_FFFF)]);
        for c in (0..0x600).chain([0xFFFF, 0x1_0000, MAX]) {
            assert_eq!(a.union(&b).contains(c), a.contains(c) || b.contains(c), "{c:x}");
            assert_eq!(a.intersection(&b).contains(c), a.contains(c) && b.contains(c), "{c:x}");
            assert_eq!(a.complement().contains(c), !a.contains(c), "{c:x}");
        }
        assert_eq!(CodeSet::all().complement(), CodeSet::default());
    }
}
