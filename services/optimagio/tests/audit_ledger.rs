//! `optimagio audit-ledger` as an operator's script runs it.

#[cfg(test)]
mod tests {
    use std::process::{Command, Output};

    use serde_json::Value;
    use testkit::TestDatabase;

    fn audit(database: &TestDatabase) -> Output {
        Command::new(env!("CARGO_BIN_EXE_optimagio"))
            .arg("audit-ledger")
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("DATABASE_URL", &database.url)
            .output()
            .unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn it_says_that_all_agrees_or_prints_what_does_not_and_fails() {
        let database = testkit::database().await;
        let well = audit(&database);
        assert!(well.status.success(), "{well:?}");
        assert_eq!(
            String::from_utf8(well.stdout).unwrap(),
            "ledger, credits, jobs and stored results agree\n"
        );

        let (client, connection) =
            tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let account = "INSERT INTO accounts (id, email, tier) VALUES
            ('00000000-0000-0000-0000-000000000001', 'a@example.com', 'free');
            INSERT INTO credit_buckets (account_id, period, kind, used)
            VALUES ('00000000-0000-0000-0000-000000000001', '2026-11', 'images', 7)";
        client.batch_execute(account).await.unwrap();
        let wrong = audit(&database);
        assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
        let line: Value = serde_json::from_slice(&wrong.stdout).unwrap();
        let expected = serde_json::json!({
            "kind": "bucket_used",
            "account": "00000000-0000-0000-0000-000000000001",
            "period": "2026-11",
            "subject": "images",
            "expected": 0,
            "found": 7,
        });
        assert_eq!(line, expected);
    }
}
