//! `column IN (…)` for a handful of values, as a statement that is kept prepared.
//!
//! Diesel's own `eq_any` writes a list on SQLite and then keeps no such statement, because lists may have
//! any length; each use is parsed and planned anew. This one is for lists that are short and of few
//! lengths.

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{Bool, HasSqlType, Text};

/// Whether a text column has one of these values; never, if there are none.
#[derive(Clone, Debug)]
pub(crate) struct OneOf<Column> {
    column: Column,
    values: Vec<String>,
}

/// Makes it.
pub(crate) fn one_of<Column>(column: Column, values: Vec<String>) -> OneOf<Column> {
    OneOf { column, values }
}

impl<Column: Expression<SqlType = Text>> Expression for OneOf<Column> {
    type SqlType = Bool;
}

impl<Column, Source> AppearsOnTable<Source> for OneOf<Column> where
    Column: AppearsOnTable<Source> + Expression<SqlType = Text>
{
}

impl<Column, Source> SelectableExpression<Source> for OneOf<Column> where
    Column: SelectableExpression<Source> + Expression<SqlType = Text>
{
}

impl<Column: ValidGrouping<GroupBy>, GroupBy> ValidGrouping<GroupBy> for OneOf<Column> {
    type IsAggregate = Column::IsAggregate;
}

// The number of values is part of the text, so the text has to tell statements apart.
impl<Column> QueryId for OneOf<Column> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Column, Db> QueryFragment<Db> for OneOf<Column>
where
    Db: Backend + HasSqlType<Text>,
    Column: QueryFragment<Db>,
    String: ToSql<Text, Db>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        if self.values.is_empty() {
            out.push_sql("0 = 1");
            return Ok(());
        }
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" IN (");
        for (index, value) in self.values.iter().enumerate() {
            if index > 0 {
                out.push_sql(", ");
            }
            out.push_bind_param::<Text, String>(value)?;
        }
        out.push_sql(")");
        Ok(())
    }
}
