//! A browser for tests: it keeps cookies by host and goes to the mock of Portico when sent there.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use actix_web::body::{BoxBody, MessageBody as _};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error, HttpResponse, web};
use foundation::clock::SystemClock;
use foundation::entropy::SeededEntropy;
use foundation::secret::SecretText;
use url::Url;

use crate::mock_portico::MockPortico;
use crate::{Deeds, DemoClient, DemoClients, DemoSettings, Operator, OperatorAct};

/// Where the mini-programs live.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Places {
    OwnSites,
    OneSite,
}

type Call = dyn Fn(TestRequest) -> std::pin::Pin<Box<dyn Future<Output = Page>>>;

/// An operator who writes down what they are asked for, and refuses where a test says so.
#[derive(Default)]
pub(super) struct NotingOperator {
    pub(super) acts: Mutex<Vec<OperatorAct>>,
    pub(super) refuses: Mutex<bool>,
}

impl Operator for NotingOperator {
    fn act(&self, act: OperatorAct) -> Deeds<'_> {
        Box::pin(async move {
            if *self.refuses.lock().expect("no test panics with it") {
                return Err("not now".to_owned());
            }
            let mut acts = self.acts.lock().expect("no test panics with it");
            acts.push(act);
            Ok("portico did it".to_owned())
        })
    }
}

/// One browser.
pub(super) struct Browser {
    pub(super) operator: Arc<NotingOperator>,
    call: Rc<Call>,
    cookies: HashMap<String, String>,
    to_portico: reqwest::Client,
}

/// An answer, read to its end.
pub(super) struct Page {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Page {
    pub(super) fn says(&self, text: &str) -> bool {
        self.body.contains(text)
    }

    pub(super) fn header(&self, name: &str) -> String {
        self.headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    }

    pub(super) fn location(&self) -> String {
        self.header("location")
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// The hidden field of the page's forms.
    pub(super) fn form_token(&self) -> String {
        let field = "name=\"form_token\" value=\"";
        let (_, rest) = self.body.split_once(field).expect("a page with a form");
        rest.split('"').next().expect("a value").to_owned()
    }
}

impl Browser {
    /// A browser, the websites, and the mock behind them.
    pub(super) async fn new(places: Places) -> (Self, MockPortico) {
        let portico = MockPortico::start();
        let client = || DemoClient {
            client_id: "client".to_owned(),
            client_secret: Some(SecretText::new("secret")),
        };
        let settings = DemoSettings {
            listen: portico.address,
            portico_issuer: portico.issuer.clone(),
            portico_address: portico.address,
            port: 8080,
            one_site: places == Places::OneSite,
            clients: DemoClients {
                nova: client(),
                market: client(),
                taxi: client(),
                bank: client(),
                lido: client(),
            },
        };
        let entropy = Arc::new(SeededEntropy::new(11));
        let operator = Arc::new(NotingOperator::default());
        let routes = crate::routes(&settings, Arc::new(SystemClock), entropy, operator.clone())
            .expect("good settings");
        let app = App::new()
            .configure(routes)
            .default_service(web::to(async || HttpResponse::Ok().body("Portico's own")));
        let app = Rc::new(init_service(app).await);
        let call: Rc<Call> = Rc::new(move |request: TestRequest| {
            let app = Rc::clone(&app);
            Box::pin(async move { read(app.call(request.to_request()).await) })
        });
        let to_portico = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .resolve("portico.superapp.localhost", portico.address)
            .build()
            .expect("a client");
        (
            Self {
                operator,
                call,
                cookies: HashMap::new(),
                to_portico,
            },
            portico,
        )
    }

    /// Another person's browser at the same websites.
    pub(super) fn another(&self) -> Self {
        let (call, to_portico) = (Rc::clone(&self.call), self.to_portico.clone());
        Self {
            operator: Arc::clone(&self.operator),
            call,
            cookies: HashMap::new(),
            to_portico,
        }
    }

    pub(super) async fn get(&mut self, host: &str, path: &str) -> Page {
        self.send(host, TestRequest::with_uri(path)).await
    }

    pub(super) async fn post(&mut self, host: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let request = TestRequest::with_uri(path)
            .method(Method::POST)
            .set_form(fields);
        self.send(host, request).await
    }

    /// What a script of a page at `origin` sends.
    pub(super) async fn post_json(
        &mut self,
        host: &str,
        path: &str,
        origin: Option<&str>,
        body: serde_json::Value,
    ) -> Page {
        let mut request = TestRequest::with_uri(path)
            .method(Method::POST)
            .set_json(body);
        if let Some(origin) = origin {
            request = request.insert_header(("origin", origin));
        }
        self.send(host, request).await
    }

    /// Goes where an answer sends the browser at Portico; answers with the path that Portico
    /// sends it back to.
    pub(super) async fn at_portico(&self, away: &Page) -> String {
        let answer = self
            .to_portico
            .get(away.location())
            .send()
            .await
            .expect("the mock answers");
        let back = answer.headers()["location"].to_str().expect("an address");
        let back = Url::parse(back).expect("an address");
        format!("{}?{}", back.path(), back.query().unwrap_or_default())
    }

    /// Goes to a path that leads to Portico, and follows every redirect to the page at the end.
    pub(super) async fn open(&mut self, host: &str, path: &str) -> Page {
        let away = self.get(host, path).await;
        if away.status != StatusCode::FOUND {
            return away;
        }
        let back = self.at_portico(&away).await;
        let landed = self.get(host, &back).await;
        if landed.status == StatusCode::SEE_OTHER {
            self.get(host, &landed.location()).await
        } else {
            landed
        }
    }

    async fn send(&mut self, host: &str, request: TestRequest) -> Page {
        let mut request = request.insert_header(("host", format!("{host}:8080")));
        if let Some(cookie) = self.cookies.get(host) {
            request = request.insert_header(("cookie", cookie.as_str()));
        }
        let page = (self.call)(request).await;
        if let Some((pair, _)) = page.header("set-cookie").split_once(';') {
            self.cookies.insert(host.to_owned(), pair.to_owned());
        }
        page
    }
}

fn read<B: actix_web::body::MessageBody + 'static>(
    answer: Result<ServiceResponse<B>, Error>,
) -> Page {
    let answer: HttpResponse<BoxBody> = match answer {
        Ok(answer) => answer.map_into_boxed_body().into(),
        Err(error) => error.error_response(),
    };
    let (head, body) = answer.into_parts();
    let body = body.try_into_bytes().unwrap_or_default();
    Page {
        status: head.status(),
        headers: head.headers().clone(),
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}
