//! Rows by name, for both stores: each field of the struct is the column of its name. `sqlx::FromRow` can be derived, too, but
//! the macros of sqlx carry the drivers with them, and SQLite would be built twice.

/// Declares a struct that is read from a row.
macro_rules! from_columns {
    ($vis:vis struct $name:ident { $($field:ident: $kind:ty,)+ }) => {
        $vis struct $name { $($field: $kind,)+ }
        crate::columns::from_columns!(@ $name, sqlx::sqlite::SqliteRow, $($field)+);
        crate::columns::from_columns!(@ $name, sqlx::postgres::PgRow, $($field)+);
    };
    (@ $name:ident, $row:ty, $($field:ident)+) => {
        impl sqlx::FromRow<'_, $row> for $name {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(Self { $($field: sqlx::Row::try_get(row, stringify!($field))?,)+ })
            }
        }
    };
}
pub(crate) use from_columns;
