use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue, RedisResult, ToRedisArgs};

/// The time that a test steers the scripts to, in milliseconds since 1970; always `None` in production.
pub(crate) type Steered = Option<u64>;

/// A script, sent by its hash. A server that does not know it is sent the script itself.
///
/// Own code beside the library's `Script`, because that one loads an unknown script first: one round trip
/// more, and a failure if the server forgets it again in between.
#[derive(Debug)]
pub(crate) struct Program {
    code: &'static str,
    hash: String,
}

impl Program {
    pub(crate) fn new(code: &'static str) -> Self {
        Self { code, hash: redis::Script::new(code).get_hash().to_owned() }
    }

    /// A call whose first argument is the time.
    pub(crate) fn call(&self, time: Steered) -> Call<'_> {
        let mut call = Call { program: self, keys: Vec::new(), arguments: Vec::new() };
        call.arg(time.map(|time| time.to_string()).unwrap_or_default());
        call
    }
}

/// Keys and arguments of one call.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    program: &'a Program,
    keys: Vec<String>,
    arguments: Vec<Vec<u8>>,
}

impl Call<'_> {
    pub(crate) fn key(&mut self, key: String) -> &mut Self {
        self.keys.push(key);
        self
    }

    pub(crate) fn arg(&mut self, argument: impl ToRedisArgs) -> &mut Self {
        argument.write_redis_args(&mut self.arguments);
        self
    }

    pub(crate) async fn run<T: FromRedisValue>(&self, redis: &mut MultiplexedConnection) -> RedisResult<T> {
        match self.command("EVALSHA", &self.program.hash).query_async(redis).await {
            Err(error) if error.code() == Some("NOSCRIPT") => {
                self.command("EVAL", self.program.code).query_async(redis).await
            }
            result => result,
        }
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(script).arg(self.keys.len());
        self.keys.iter().for_each(|key| {
            command.arg(key);
        });
        self.arguments.iter().for_each(|argument| {
            command.arg(argument);
        });
        command
    }
}
