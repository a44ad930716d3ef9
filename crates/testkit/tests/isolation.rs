//! Two tests never see each other's data.

use tokio_postgres::NoTls;

async fn tables(url: &str) -> Result<i64, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let count = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'";
    client.query_one(count, &[]).await?.try_get(0)
}

#[tokio::test]
async fn a_database_is_migrated_and_alone() {
    let (first, second) = tokio::join!(testkit::database(), testkit::database());
    assert_ne!(first.url, second.url);
    assert!(tables(&first.url).await.unwrap() >= 8);

    let (client, connection) = tokio_postgres::connect(&first.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let insert = "INSERT INTO accounts (id, email, tier) VALUES (gen_random_uuid(), 'a@b.c', 'free')";
    client.batch_execute(insert).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&second.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let accounts: i64 = client.query_one("SELECT count(*) FROM accounts", &[]).await.unwrap().get(0);
    assert_eq!(accounts, 0);
}

#[tokio::test]
async fn a_database_goes_with_its_value() {
    let database = testkit::database().await;
    let url = database.url.clone();
    drop(database);
    assert!(tokio_postgres::connect(&url, NoTls).await.is_err());
}

#[tokio::test]
async fn settings_name_fresh_resources() {
    let (first, second) = tokio::join!(testkit::settings(), testkit::settings());
    for name in
        ["DATABASE_URL", "AMQP_NAMESPACE", "REDIS_KEY_PREFIX", "S3_BUCKET", "IMAGE_ID_SECRET", "JWT_SECRET"]
    {
        let (one, two) = (first.get(name).unwrap(), second.get(name).unwrap());
        assert_ne!(one, two, "{name}");
    }
    assert_eq!(first.get("IMAGE_ID_SECRET").unwrap().len(), 64);
    let changed = first.with("GATEWAY_LISTEN", "127.0.0.1:1");
    assert_eq!(changed.pairs().iter().filter(|(name, _)| name == "GATEWAY_LISTEN").count(), 1);
    assert_eq!(changed.get("GATEWAY_LISTEN"), Some("127.0.0.1:1"));
}
