use reqwest::multipart::Part;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

/// An HTTP client of the API.
#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    key: Option<String>,
    http: reqwest::Client,
}

/// A multipart form under construction.
pub(crate) struct Form(reqwest::multipart::Form);

impl Form {
    /// An upload of `bytes` under `name`.
    pub(crate) fn image(name: &str, bytes: Vec<u8>) -> Self {
        let part = Part::bytes(bytes).file_name(name.to_owned());
        Self(reqwest::multipart::Form::new().part("image", part)).text("accept_file", "true")
    }

    /// The same form with one more file.
    pub(crate) fn second_image(self) -> Self {
        Self(self.0.part("image", Part::bytes(vec![2]).file_name("b.jpg")))
    }

    /// A form without a file.
    pub(crate) fn empty() -> Self {
        Self(reqwest::multipart::Form::new())
    }

    /// Adds a field.
    pub(crate) fn text(self, name: &str, value: &str) -> Self {
        Self(self.0.text(name.to_owned(), value.to_owned()))
    }
}

impl Client {
    pub(crate) fn new(base: &str, key: Option<String>) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { base: base.to_owned(), key, http }
    }

    /// The API key.
    pub(crate) fn key(&self) -> &str {
        self.key.as_deref().unwrap()
    }

    /// A request with the client's key.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.key {
            Some(key) => request.header("X-API-Key", key),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// Posts a form to the optimize route.
    pub(crate) async fn post(&self, form: Form) -> Response {
        self.request(Method::POST, "/api/optimize").multipart(form.0).send().await.unwrap()
    }

    /// Posts a form with one more header.
    pub(crate) async fn post_with(&self, form: Form, name: &str, value: &str) -> Response {
        let request = self.request(Method::POST, "/api/optimize").header(name, value);
        request.multipart(form.0).send().await.unwrap()
    }

    /// Posts a form and returns status and JSON body.
    pub(crate) async fn optimize(&self, form: Form) -> (u16, Value) {
        json(self.post(form).await).await
    }

    /// Downloads a result by the address in its response.
    pub(crate) async fn download(&self, body: &Value) -> Vec<u8> {
        let response = self.get(body["data"]["optimized_url"].as_str().unwrap()).await;
        assert_eq!(response.status(), 200);
        response.bytes().await.unwrap().to_vec()
    }
}

/// Status and JSON body of a response.
pub(crate) async fn json(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON in {status}: {text:?}"));
    (status, body)
}
