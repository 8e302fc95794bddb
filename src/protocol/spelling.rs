//! What was probably meant by a name that nobody knows.

/// The known name nearest to a written one, if no more than every third character would have to
/// change: further away, another word was meant.
pub(crate) fn closest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let measured = known
        .into_iter()
        .map(|name| (strsim::osa_distance(name, written), name));
    let (distance, nearest) = measured.min()?;
    (distance <= nearest.len().min(written.len()) / 3).then_some(nearest)
}
