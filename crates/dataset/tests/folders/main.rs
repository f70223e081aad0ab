//! Folders of photos as users have them: layouts, other files among the photos, formats.

mod formats;
mod layouts;
mod other_files;
mod tree;
