//! Statements that are prepared once for a connection. Preparing takes a round trip, and holds up all that is
//! sent together with it.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};

/// A statement of the query builder that it takes for one whose text may change, and which does not: an
/// `UPDATE` (also that of `ON CONFLICT`) whose assignments are always the same. It is found again by its
/// text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fixed<T>(pub(crate) T);

impl<T: QueryFragment<Pg>> QueryFragment<Pg> for Fixed<T> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<T> QueryId for Fixed<T> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T: Query> Query for Fixed<T> {
    type SqlType = T::SqlType;
}

/// Declares a statement that the query builder cannot say; `sql_query` is prepared anew for every call. Each
/// `?` of the text is one of the fields, in their order.
macro_rules! statement {
    (
        $(#[$doc:meta])*
        $name:ident { $($field:ident: $rust:ty as $sql:ty),* $(,)? }
        $(-> $row:ty)? = $text:expr
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, diesel::query_builder::QueryId)]
        pub(crate) struct $name {
            $(pub(crate) $field: $rust),*
        }

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $name {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                let mut pieces = $text.split('?');
                out.push_sql(pieces.next().unwrap_or_default());
                $(
                    out.push_bind_param::<$sql, _>(&self.$field)?;
                    out.push_sql(pieces.next().unwrap_or_default());
                )*
                Ok(())
            }
        }

        $(impl diesel::query_builder::Query for $name {
            type SqlType = $row;
        })?
    };
}

pub(crate) use statement;
