//! The numbers of epochs after which networks that fell behind are given up.

use rusqlite::params;

use crate::study::StudyError;
use crate::study::database::Database;

/// The accuracies of all networks at each rung.
pub(super) const RUNGS_TABLE: &str = "
    CREATE TABLE rungs (
        genotype TEXT NOT NULL,
        epochs INTEGER NOT NULL,
        macs INTEGER NOT NULL,
        accuracy REAL NOT NULL,
        PRIMARY KEY (genotype, epochs)
    ) STRICT;
";

/// A network is given up only if at least so many others were trained as long.
const MIN_PEERS: usize = 4;

/// A network at a rung.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AtRung {
    pub(super) genotype: String,
    pub(super) macs: u64,
    /// Top-1 accuracy on the hold-out, a fraction.
    pub(super) accuracy: f64,
}

/// The rungs of trainings of so many epochs: a quarter, a half and all of them, rounded up.
pub(super) fn of(epochs: u64) -> Vec<u64> {
    let mut rungs = vec![epochs.div_ceil(4), epochs.div_ceil(2), epochs];
    rungs.dedup();
    rungs
}

pub(super) fn stored(
    database: &Database,
    genotype: &str,
    epochs: u64,
) -> Result<Option<f64>, StudyError> {
    let select = "SELECT accuracy FROM rungs WHERE genotype = ? AND epochs = ?";
    database.read(|connection| {
        let mut query = connection.prepare(select)?;
        let mut rows = query.query(params![genotype, epochs as i64])?;
        rows.next()?.map(|row| row.get(0)).transpose()
    })
}

/// Stores the accuracies of networks at a rung, in one transaction, since who is given up depends on all
/// of them.
pub(super) fn record(
    database: &mut Database,
    epochs: u64,
    all: &[AtRung],
) -> Result<(), StudyError> {
    database.write(|transaction| {
        for AtRung { genotype, macs, accuracy } in all {
            transaction.execute(
                "INSERT INTO rungs (genotype, epochs, macs, accuracy) VALUES (?, ?, ?, ?)",
                params![genotype, epochs as i64, *macs as i64, accuracy],
            )?;
        }
        Ok(())
    })
}

/// Whether a network is given up: more than half of the networks that were trained as long and cost no
/// more multiply-adds are more accurate.
pub(super) fn is_hopeless(
    database: &Database,
    epochs: u64,
    one: &AtRung,
) -> Result<bool, StudyError> {
    let select = "SELECT count(*), ifnull(sum(accuracy > ?1), 0) FROM rungs
         WHERE epochs = ?2 AND macs <= ?3 AND genotype <> ?4";
    let values = params![one.accuracy, epochs as i64, one.macs as i64, one.genotype];
    let (peers, better): (usize, usize) = database.read(|connection| {
        connection.query_row(select, values, |row| Ok((row.get(0)?, row.get(1)?)))
    })?;
    Ok(peers >= MIN_PEERS && 2 * better > peers)
}

#[cfg(test)]
mod tests {
    #[test]
    fn short_trainings_have_fewer_rungs() {
        let of = |epochs| super::of(epochs);
        assert_eq!([of(20), of(5)], [vec![5, 10, 20], vec![2, 3, 5]]);
        assert_eq!((of(3), of(2), of(1)), (vec![1, 2, 3], vec![1, 2], vec![1]));
    }
}
