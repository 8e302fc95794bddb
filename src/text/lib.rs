//! Words: every sentence that a person reads, in every language that there is.
//!
//! Owns the translations (`languages/<tag>/*.ftl`), the choice of a language, and how dates, times
//! and foreign values are put into a sentence. Owns no page: `templates/` and `web` do.
//!
//! To add a language, add a folder `languages/<tag>/` with the files of `languages/en/`
//! translated. Nothing else names it; a test compares its keys and arguments with English.

pub mod language;
pub mod languages;
pub mod markup;
pub mod moment;
pub mod wishes;

pub use language::{Arg, Language};
pub use languages::Languages;
pub use markup::{Markup, isolated};
pub use wishes::{Remember, Wishes};
