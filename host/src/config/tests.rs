//! The reference and the types must agree; every mistake is found, with its line, and no secret is
//! ever repeated.

use serde::de::{Deserializer, Error, Visitor};

use super::*;

fn parse(text: &str) -> Result<Config, Vec<String>> {
    Config::parse(text.into(), Some(Path::new("conf/t.toml")), &Overrides::default())
        .map_err(|problems| problems.0.iter().map(ToString::to_string).collect())
}

fn problems(text: &str) -> Vec<String> {
    parse(text).map(|_| ()).expect_err("there should be problems")
}

/// The reference with `#: ` examples and/or `#key` defaults switched on.
fn reference(examples: bool, defaults: bool) -> String {
    let line = |line: &str| match line.strip_prefix("#: ") {
        Some(example) if examples => example.to_string(),
        Some(_) => String::new(),
        None => match line.strip_prefix('#') {
            Some(rest) if defaults && rest.starts_with(|c: char| c.is_ascii_lowercase()) => rest.to_string(),
            _ => line.to_string(),
        },
    };
    REFERENCE.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_references_defaults_are_the_built_in_ones() {
    let shown = |text: String| {
        let config = Config::parse(text, None, &Overrides::default()).unwrap();
        let mut debug = format!("{config:?}");
        debug.truncate(debug.find("document:").unwrap());
        // Naming the default directory in the file asks for it; the path is the same.
        debug.replace("given: true", "given: false")
    };
    let built_in = shown(String::new());
    assert_eq!(shown(REFERENCE.into()), built_in);
    let uncommented = reference(false, true);
    assert!(uncommented.contains("\nlisten = "), "{uncommented}");
    assert_eq!(shown(uncommented), built_in);
}

#[test]
fn the_references_examples_are_valid_but_for_files_that_are_not_there() {
    let found = problems(&reference(true, true));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("tools.servers: there is no file conf/servers.json"), "{found:?}");
    let config = parse(&reference(true, true).replace("servers = \"servers.json\"", "")).unwrap();
    let model = config.model.as_ref().unwrap();
    let (first, second) = (&model.endpoints[0].1, &model.endpoints[1].1);
    assert_eq!((first.max_tokens, first.timeout.as_secs()), (2_048, 120));
    assert_eq!((second.name.as_str(), second.timeout.as_secs(), second.budget.tokens), ("gpt-5", 120, 200_000));
    let without = parse("[model]\nurl = \"http://h/v1/\"\nname = \"m\"").unwrap().model.unwrap();
    assert_eq!(without.budget, model.budget, "the example shows the defaults");
    let (at, only) = &without.endpoints[0];
    assert_eq!((at.join("."), only.url.as_str()), ("model".into(), "http://h/v1"));
    assert_eq!(first.budget, only.budget, "the example shows the defaults");
    assert_eq!((without.reuse, without.anonymise), (model.reuse, model.anonymise), "the example shows the defaults");
    let price = second.price.unwrap();
    assert_eq!((first.price, price.prompt_micros, price.completion_micros), (None, 1_250_000, 10_000_000));
    assert_eq!((config.secrets().len(), config.buses.len()), (20, 2));
}

/// Catches the names of a struct's fields and stops.
struct Fields<'a>(&'a mut Vec<&'static str>);

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.extend(fields);
        Err(Self::Error::custom("seen enough"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("not a struct"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn fields<T: for<'de> serde::Deserialize<'de>>() -> Vec<&'static str> {
    let mut names = Vec::new();
    let _ = T::deserialize(Fields(&mut names));
    assert!(!names.is_empty(), "{} is not a struct", std::any::type_name::<T>());
    names
}

#[test]
fn the_reference_names_every_key() {
    let mut names = fields::<raw::Raw>();
    names.extend(fields::<report::Raw>());
    names.extend(fields::<log::Raw>());
    names.extend(fields::<server::Raw>());
    names.extend(fields::<auth::Raw>());
    names.extend(fields::<auth::raw::RawBasic>());
    names.extend(fields::<auth::raw::RawHmac>());
    names.extend(fields::<auth::raw::RawNamed>());
    names.extend(fields::<auth::raw::RawStatusCake>());
    names.extend(fields::<auth::raw::RawSns>());
    names.extend(fields::<auth::jwt::RawJwt>());
    names.extend(fields::<journal::Raw>());
    names.extend(fields::<paths::RawDirectory>());
    names.extend(fields::<plugins::RawPlugin>());
    names.extend(fields::<plugins::RawNotifier>());
    names.extend(fields::<plugins::RawLimits>());
    names.extend(fields::<plugins::RawMail>());

    names.extend(fields::<crate::plugin::Grant>());
    names.extend(fields::<tools::Raw>());
    names.extend(fields::<model::Raw>());
    names.extend(fields::<model_budget::RawBudget>());
    names.extend(fields::<model_budget::RawScope>());
    names.extend(fields::<model_budget::RawPrice>());
    names.extend(fields::<endpoint::RawEndpoint>());
    names.extend(fields::<endpoint::RawDay>());
    names.extend(fields::<sources::Raw>());
    names.extend(fields::<correlate::Raw>());
    names.extend(fields::<knowledge::Raw>());
    names.extend(fields::<limits::Raw>());
    names.extend(fields::<deliveries::Raw>());
    names.extend(fields::<gate::Raw>());
    names.extend(fields::<approvals::Raw>());
    names.extend(fields::<approvals::RawLink>());
    names.extend(fields::<users::Raw>());
    names.extend(fields::<access::Raw>());
    names.extend(fields::<sign_in::Raw>());
    names.extend(fields::<proxy::RawProxy>());
    names.extend(fields::<oidc::RawOidc>());
    for name in names {
        let known = [format!("{name} = "), format!("[{name}]"), format!("[{name}."), format!(".{name}]")];
        assert!(known.iter().any(|form| REFERENCE.contains(form)), "the reference lacks {name}");
    }
}

#[test]
fn every_mistake_is_found_in_one_go_with_its_line() {
    let found = problems(
        "mode = \"maybe\"\n\
         reprot = {}\n\
         [server]\n\
         listen = \":10000\"\n\
         max_body = 5\n\
         max_requests = 0\n\
         [sources.alertmanager]\n\
         auth = { bearer = \"hunter2\" }\n\
         [sources.grafana]\n\
         auth = { hmac = { secret = { env = \"S\" }, header = \"a b\" } }\n\
         [plugins.x]\n\
         nonsense = 1\n\
         grant = [{ origin = \"https://a/b\", methods = [\"POST\"], secrets = [\"t\"] }]\n\
         [notifiers.y]\n\
         settings = {}\n\
         [model]\n\
         url = \"ollama\"\n",
    );
    let want = [
        "conf/t.toml:1: mode: unknown variant `maybe`",
        "conf/t.toml:2: reprot: unknown field `reprot`",
        "conf/t.toml:4: server.listen: \":10000\" is not an address with a port",
        "conf/t.toml:5: server.max_body: invalid type: integer `5`, expected a size",
        "conf/t.toml:6: server.max_requests: at least 1",
        "conf/t.toml:8: sources.alertmanager.auth.bearer: a secret is never written",
        "conf/t.toml:10: sources.grafana.auth: hmac.header",
        "conf/t.toml:12: plugins.x.nonsense: unknown field `nonsense`",
        "conf/t.toml:13: plugins.x.grant: \"https://a/b\" is not an origin",
        "conf/t.toml:13: plugins.x.grant: the grant for https://a/b names the secret t",
        "conf/t.toml:14: notifiers.y: missing field `plugin`",
        "conf/t.toml:17: model.url: give the endpoint",
    ];
    for (found, want) in found.iter().zip(want) {
        assert!(found.starts_with(want), "{found}\n  should start with\n{want}");
    }
    assert_eq!(found.len(), want.len(), "{found:#?}");
    assert!(!found.join("").contains("hunter2"));
}

#[test]
fn what_is_not_toml_is_one_problem_with_a_line() {
    let found = problems("mode = \"observe\"\n[server\n");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("conf/t.toml:2: this is not TOML: "), "{found:?}");
}

#[test]
fn inline_secrets_are_refused_in_every_form_and_never_repeated() {
    for value in ["\"hunter2\"", "{ value = \"hunter2\" }", "{ hunter2 = 1 }", "77231", "7.7231", "{}"] {
        for key in ["[model]\nurl = \"http://h\"\nname = \"m\"\nkey = ", "[server]\nauth.bearer = "] {
            let found = problems(&format!("{key}{value}")).join("\n");
            assert!(found.contains("{ env = \"NAME\" }"), "{value}: {found}");
            assert!(!found.contains("hunter2") && !found.contains("7231"), "{found}");
        }
    }
}

#[test]
fn a_source_is_proven_in_one_way_and_a_wrong_one_is_named() {
    let source = |auth: &str| format!("[sources.a]\nauth = {auth}");
    for word in scheme::SENDERS.iter().map(|(word, _)| *word).chain(["gitlab", "bearer"]) {
        let one = parse(&source(&format!("{{ {word} = {{ env = \"A\" }} }}"))).unwrap();
        assert_eq!(one.secrets().len(), 1, "{word}");
        let two = parse(&source(&format!("{{ {word} = [{{ env = \"A\" }}, {{ file = \"b\" }}] }}"))).unwrap();
        let places: Vec<String> =
            two.secrets().iter().map(|(path, secret)| format!("{} {secret:?}", path.join("."))).collect();
        assert_eq!((places.len(), places[1].clone()), (2, format!("sources.a.auth.{word} File(\"conf/b\")")));
        assert!(!two.sources["a"].auth.as_ref().unwrap().describe().is_empty());
    }
    let secret = "secret = { env = \"S\" }";
    for (auth, want) in [
        ("{}", "choose exactly one of bearer, basic, header, query, hmac, jwt, sns, statuscake, checkly"),
        ("{ bearer = { env = \"A\" }, github = { env = \"B\" } }", "choose exactly one of"),
        ("{ githab = { env = \"A\" } }", "unknown field `githab`, expected one of `bearer`"),
        ("{ github = [] }", "a list of secrets names at least one"),
        ("{ github = [\"hunter2\"] }", "a secret is never written"),
        ("{ github = { secret = \"hunter2\" } }", "a secret is never written"),
        (&format!("{{ github = [{}] }}", ["{ env = \"A\" }"; 9].join(", ")), "at most 8 secrets"),
        ("{ query = { name = \"\", token = { env = \"A\" } } }", "query.name must not be empty"),
        ("{ header = { name = \"a b\", token = { env = \"A\" } } }", "header.name must be the name of an HTTP header"),
        ("{ header = { name = \"Authorization\", token = { env = \"A\" } } }", "use bearer or basic"),
        (
            &format!("{{ hmac = {{ {secret}, header = \"a\", signed = \"{{time}}{{body}}\" }} }}"),
            "holds {time} exactly if",
        ),
        (
            &format!("{{ hmac = {{ {secret}, header = \"a\", timestamp_header = \"b\", signed = \"{{body}}\" }} }}"),
            "holds {time} exactly if",
        ),
        (&format!("{{ hmac = {{ {secret}, header = \"a\", signed = \"{{url}}{{body}}\" }} }}"), "hmac.signed: "),
        (&format!("{{ hmac = {{ {secret}, header = \"a\", encoding = \"md5\" }} }}"), "unknown variant `md5`"),
        ("{ sns = { topics = [] } }", "sns.topics must name the topics"),
        ("{ sns = { topics = [\"*\"] } }", "is not an ARN"),
        (
            "{ jwt = { issuer = \"i\", audience = \"a\", keys = \"http://keys.example/\" } }",
            "jwt.keys must begin with https://",
        ),
        ("{ jwt = { issuer = \"i\", audience = [], keys = \"https://k\" } }", "must not be empty"),
        (
            "{ jwt = { issuer = \"https://accounts.google.com\", audience = \"a\", keys = \"https://k\" } }",
            "jwt.claims must name the sender's account",
        ),
    ] {
        let found = problems(&source(auth)).join("\n");
        assert!(found.starts_with("conf/t.toml:2: sources.a.auth") && found.contains(want), "{auth}: {found}");
        assert!(!found.contains("hunter2"), "{found}");
    }
    for word in ["github = { env = \"A\" }", "sns = { topics = [\"arn:aws:sns:eu-west-1:123456789012:a\"] }"] {
        let found = problems(&format!("[server]\nauth = {{ {word} }}")).join("\n");
        assert!(found.contains("server.auth: the API takes bearer or basic"), "{found}");
    }
}

#[test]
fn sources_say_who_gets_in_and_how() {
    let names = ["alertmanager", "falco", "grafana", "pagerduty"].map(String::from);
    let config = parse(
        "[server]\nlisten = \"0.0.0.0:1\"\nauth.bearer.env = \"A\"\n[sources.pagerduty]\nauth.pagerduty.env = \"B\"\n\
         [sources.grafana]\nenabled = false\n[sources.falco]\nauth.query = { name = \"t\", token = { env = \"C\" } }\n\
         [sources.nobody]\nauth.bearer.env = \"D\"",
    );
    let lines = config.unwrap().ways_in(&names).join("\n");
    for want in [
        "source falco: http://0.0.0.0:1/v1/alerts/falco, with a token in the URL's parameter t",
        "source pagerduty: http://0.0.0.0:1/v1/alerts/pagerduty, with a signature in the header x-pagerduty-signature over the body",
        "sources that nobody gets into from elsewhere, because they demand no proof: alertmanager",
        "sources that are switched off: grafana",
    ] {
        assert!(lines.contains(want), "{lines}");
    }
    let open = parse("").unwrap().ways_in(&names).join("\n");
    assert_eq!(
        open,
        "sources open to this machine alone, at http://127.0.0.1:10000/v1/alerts/NAME: alertmanager, falco, grafana, pagerduty"
    );
}

#[test]
fn a_missing_secret_is_a_problem_only_when_it_is_asked_for() {
    let config = parse("[sources.a]\n\nauth.bearer = { env = \"TIDEGATE_TEST_UNSET\" }").unwrap();
    let missing = config.missing_secrets(&std::collections::BTreeMap::new());
    assert_eq!(
        missing[0].to_string(),
        "conf/t.toml:3: sources.a.auth.bearer: the environment variable TIDEGATE_TEST_UNSET is not set"
    );
}

#[test]
fn paths_count_from_the_file_and_flags_win() {
    let config = parse("[policies]\npath = \"p\"\n[sources.a]\nauth.bearer.file = \"s\"").unwrap();
    assert_eq!(config.policies, Directory { path: "conf/p".into(), given: true });
    assert_eq!(config.journal, Path::new("conf/data/journal.db"));
    assert_eq!(config.sources["a"].auth, Some(Auth::Bearer(SecretSource::File("conf/s".into()).into())));
    let overrides = Overrides {
        listen: parse_listen("localhost:1"),
        mode: Some(Mode::Enforce),
        data: Some("/d".into()),
        accept_loss: false,
    };
    let config = Config::parse(String::new(), None, &overrides).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:1");
    assert_eq!(config.mode, Mode::Enforce);
    assert_eq!((config.journal.as_path(), config.data()), (Path::new("/d/journal.db"), Path::new("/d")));
}

#[test]
fn links_for_people_elsewhere_need_an_api_that_asks_for_a_proof() {
    let link = |base: &str, more: &str| {
        parse(&format!("[approvals]\nlink = {{ base = \"{base}\", secret = {{ env = \"L\" }} }}\n{more}")).unwrap()
    };
    let auth = "[server]\nauth.bearer.env = \"A\"";
    let users = format!("[users.ada]\ntokens = [\"{}\"]", crate::token::Hash::of("t"));
    for base in ["https://t.example", "https://10.0.0.7", "https://localhost.evil.example", "https://[2001:db8::1]:1/x"]
    {
        let problem = link(base, "").unguarded_links().unwrap().to_string();
        assert!(problem.starts_with("conf/t.toml:2: approvals.link: ") && problem.contains("[server]"), "{problem}");
        assert!(link(base, auth).unguarded_links().is_none(), "{base}");
        assert!(link(base, &users).unguarded_links().is_none(), "{base}: callers prove themselves by their tokens");
    }
    for base in [
        "http://127.0.0.1:10000",
        "http://localhost",
        "http://[::1]:1",
        "https://127.3.3.3/x",
        "https://[::ffff:127.0.0.1]",
    ] {
        assert!(link(base, "").unguarded_links().is_none(), "{base}");
    }
    assert!(parse("").unwrap().unguarded_links().is_none());
}

#[test]
fn beyond_loopback_everything_that_listens_needs_authentication() {
    let names = ["alertmanager".to_string(), "grafana".to_string()];
    assert!(parse("").unwrap().exposure(&names).is_empty());
    let open = parse("[server]\nlisten = \"0.0.0.0:10000\"").unwrap();
    let found: Vec<String> = open.exposure(&names).iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("conf/t.toml:2: server.listen: listening on 0.0.0.0:10000"));
    assert!(found[1].contains("no source takes anything") && found[1].contains("[sources.alertmanager]"));
    // What is bundled and named nowhere is closed to other machines, and so is no mistake.
    let one = "[server]\nlisten = \"[::]:1\"\nauth.bearer.env = \"A\"\n[sources.grafana]\nenabled = true";
    let found = parse(one).unwrap().exposure(&names);
    assert!(found.len() == 1 && found[0].to_string().contains("source grafana needs"), "{found:?}");
    let typo = parse("[sources.grafanna]\nauth.bearer.env = \"A\"").unwrap();
    assert!(typo.unknown_sources(&names)[0].to_string().contains("sources.grafanna: there is no source"));
    assert!(parse("[sources.grafana]\nenabled = true").unwrap().unknown_sources(&names).is_empty());
    let closed = parse(
        "[server]\nlisten = \"[::]:1\"\nauth.bearer.env = \"A\"\n[sources.alertmanager]\n\
         auth.bearer.env = \"B\"\n[sources.grafana]\nenabled = false",
    );
    assert!(closed.unwrap().exposure(&names).is_empty());
    assert!(parse("[server]\nlisten = \"[::ffff:127.0.0.1]:1\"").unwrap().exposure(&names).is_empty());
}

#[test]
fn endpoints_of_the_model_are_a_list_that_the_section_itself_may_begin() {
    let two = "[[model.endpoints]]\nurl = \"http://a/v1\"\nname = \"a\"\ntemperature = false\n\
               [[model.endpoints]]\nurl = \"http://b/v1\"\nname = \"b\"\nmax_tokens = 9\nbudget = { day_calls = 3 }\n";
    let of = |text: String| parse(&text).unwrap().model.unwrap().endpoints;
    let listed = of(format!("[model]\nmax_tokens = 7\ntimeout = \"3s\"\n{two}"));
    let shown = |all: &[(Vec<String>, Endpoint)]| {
        all.iter().map(|(at, one)| format!("{} {}", at.join("."), one.name)).collect::<Vec<_>>()
    };
    assert_eq!(shown(&listed), ["model.endpoints.0 a", "model.endpoints.1 b"]);
    assert_eq!((listed[0].1.max_tokens, listed[1].1.max_tokens, listed[1].1.timeout.as_secs()), (7, 9, 3));
    let calls = |place: usize| listed[place].1.budget.calls;
    assert_eq!((listed[0].1.wants.temperature, calls(0), calls(1)), (Some(None), 1_000, 3));
    let behind = of(format!("[model]\nurl = \"http://c/v1\"\nname = \"c\"\n{two}"));
    assert_eq!(shown(&behind), ["model c", "model.endpoints.0 a", "model.endpoints.1 b"]);
    for own in ["name = \"c\"", "key = { env = \"K\" }"] {
        let found = problems(&format!("[model]\n{own}\n{two}")).join("\n");
        assert!(found.contains("model.url: give the endpoint"), "{own} without a url is no endpoint: {found}");
    }
    let found = problems(
        "[model]\n[[model.endpoints]]\nurl = \"http://a\"\nname = \"a\"\ncontext = 100\ntemperature = 3\n\
                          key_header = \"a b\"\nextra_body = { model = \"x\" }\n[[model.endpoints]]\nurl = \"b\"\n",
    )
    .join("\n");
    for want in [
        "endpoints.0.context: at least 2048",
        "0.temperature: give a number",
        "0.key_header: give the name",
        "0.extra_body: model is what",
        "1.url: give the endpoint",
    ] {
        assert!(found.contains(want), "{want} in {found}");
    }
}

#[test]
fn budgets_of_sources_and_rules_and_prices_are_read() {
    let head = "[model]\nurl = \"http://h/v1\"\nname = \"m\"\n";
    let text = format!(
        "{head}reuse = \"0s\"\nprices = {{ m = {{ prompt = 1, completion = 2.5 }} }}\n\
         budget = {{ incident_money = 0.5, day_money = 3, scopes = [{{ source = \"zabbix\", day_calls = 5 }}, \
         {{ rule = \"*\", day_time = \"1m\" }}] }}"
    );
    let model = parse(&text).unwrap().model.unwrap();
    assert_eq!((model.reuse, model.budget.incident_micros), (None, Some(500_000)));
    assert_eq!(model.endpoints[0].1.budget.micros, Some(3_000_000));
    assert_eq!(model.budget.scopes.len(), 2);
    for (more, want) in [
        ("budget = { incident_money = 1 }", "no endpoint has a price"),
        ("budget = { scopes = [{ source = \"a\", rule = \"b\", day_calls = 1 }] }", "name either a source or a rule"),
        ("budget = { scopes = [{ rule = \"b\" }] }", "say what it may cost"),
        ("prices = { other = { prompt = 1, completion = 1 } }", "no endpoint has a model of this name"),
    ] {
        let found = problems(&format!("{head}{more}"));
        assert!(found.iter().any(|problem| problem.contains(want)), "{more}: {found:?}");
    }
}
