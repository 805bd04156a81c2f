//! Models that are made of models.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use mlxcode_base::CancelToken;
use mlxcode_models::{
    Error, FinishReason, GenerateOptions, GenerateRequest, Generation, GenerationEvent,
    LanguageModel, Message, ModelInfo, Prompt, Result, ScriptedModel, Token, generation_channel,
};
use mlxcode_providers::{
    Cache, CacheOptions, Cached, Candidate, Deferred, Ensemble, Fallback, Notice, Observer,
    ProviderError, Route, RouteRule, Routing,
};

use crate::{Told, read};

fn request(text: &str) -> GenerateRequest {
    GenerateRequest::new(Prompt::messages([Message::user(text)]))
}

fn scripted(name: &str, replies: &[&str]) -> Arc<dyn LanguageModel> {
    Arc::new(Named {
        info: ModelInfo::new(name, 1000),
        script: ScriptedModel::new(replies.to_vec()),
    })
}

/// A scripted model with a name of its own.
struct Named {
    info: ModelInfo,
    script: ScriptedModel,
}

impl LanguageModel for Named {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<usize> {
        self.script.count_tokens(prompt)
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        self.script.generate(request)
    }
}

/// A model that says something and fails, or fails at once.
struct Failing {
    info: ModelInfo,
    says: &'static str,
    at_once: bool,
    error: fn() -> Error,
}

impl Failing {
    fn new(says: &'static str, error: fn() -> Error) -> Self {
        Self { info: ModelInfo::new("failing", 500), says, at_once: false, error }
    }
}

impl LanguageModel for Failing {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, _prompt: &Prompt) -> Result<usize> {
        Ok(1)
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        if self.at_once {
            return Err((self.error)());
        }
        let (sender, generation) = generation_channel(request.cancel);
        sender.send(Ok(GenerationEvent::Started { prompt_tokens: 1 }));
        if !self.says.is_empty() {
            sender.send(Ok(GenerationEvent::Token(Token::new(0, self.says))));
        }
        sender.send(Err((self.error)()));
        Ok(generation)
    }
}

fn away() -> Error {
    ProviderError::Failed { provider: "x".to_owned(), status: 503, said: String::new() }.into()
}

fn wrong() -> Error {
    Error::InvalidOption { option: "x", value: String::new(), range: "y" }
}

fn observer() -> (Observer, Told) {
    let told = Told::default();
    let hear = Arc::clone(&told);
    (Observer::new(move |notice| hear.lock().unwrap().push(notice.clone())), told)
}

#[test]
fn lengths_choose_the_model() {
    let small = scripted("small", &["s"; 9]);
    let large = scripted("large", &["l"; 9]);
    let long: Arc<dyn LanguageModel> =
        Arc::new(Named { info: ModelInfo::new("long", 9000), script: ScriptedModel::new(["x"]) });
    let route =
        |rule: RouteRule, model: &Arc<dyn LanguageModel>| Route { rule, model: Arc::clone(model) };
    let routing = Routing::new(vec![
        route(RouteRule::default().at_least(500), &large),
        route(RouteRule::default().at_most(100), &small),
    ])
    .unwrap();
    let name = |routing: &Routing, tokens| routing.choose(tokens).info().name.clone();
    assert_eq!(name(&routing, 600), "large");
    assert_eq!(name(&routing, 50), "small");
    assert_eq!(read(routing.generate(request("go"))).text, "s");
    let routing = Routing::new(vec![
        route(RouteRule::default().at_least(500), &large),
        route(RouteRule::default().at_most(100), &small),
        route(RouteRule::default().at_least(9000), &long),
    ])
    .unwrap();
    // No rule holds for this length; and that does not fit into `large`.
    assert_eq!((name(&routing, 300), name(&routing, 5000)), ("long".into(), "long".into()));
    // It is known by the model of short prompts, and takes what the longest does.
    assert_eq!((&*routing.info().name, routing.info().context_length), ("small", 9000));
    assert!(Routing::new(Vec::new()).is_err());
}

#[test]
fn the_next_model_answers_where_one_is_away() {
    let (hear, told) = observer();
    let at_once = Failing { at_once: true, ..Failing::new("", away) };
    let models: Vec<Arc<dyn LanguageModel>> =
        vec![Arc::new(at_once), Arc::new(Failing::new("", away)), scripted("last", &["Hello"])];
    let fallback = Fallback::new(models, hear).unwrap();
    let outcome = read(fallback.generate(request("go")));
    assert_eq!((&*outcome.text, outcome.reason()), ("Hello", Some(FinishReason::Stop)));
    let told = told.lock().unwrap();
    let [Notice::FellBack { .. }, Notice::FellBack { from, to, reason }] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!((&**from, &**to), ("failing", "last"));
    assert!(reason.contains("503"), "{reason}");
}

#[test]
fn a_fallback_ends_where_another_model_would_not_help() {
    let ends = |first: Failing| {
        let last = scripted("last", &["Hello"]);
        let fallback = Fallback::new(vec![Arc::new(first), last], Observer::default()).unwrap();
        read(fallback.generate(request("go")))
    };
    // What was said cannot be taken back.
    let outcome = ends(Failing::new("Hel", away));
    assert_eq!((&*outcome.text, outcome.code), ("Hel", Some("providers.failed")));
    assert_eq!(ends(Failing::new("", wrong)).code, Some("models.invalid_option"));
    let all = Fallback::new(vec![Arc::new(Failing::new("", away))], Observer::default()).unwrap();
    assert_eq!(read(all.generate(request("go"))).code, Some("providers.failed"));
    assert!(Fallback::new(Vec::new(), Observer::default()).is_err());
}

#[test]
fn of_several_that_cannot_answer_each_says_why() {
    let failing = || Arc::new(Failing::new("", away)) as Arc<dyn LanguageModel>;
    let fallback = Fallback::new(vec![failing(), failing()], Observer::default()).unwrap();
    // It is known by the one that answers as a rule.
    assert_eq!(fallback.info().name, "failing");
    let outcome = read(fallback.generate(request("go")));
    assert_eq!(outcome.code, Some("providers.none_answered"));
    let said = outcome.error.unwrap();
    assert_eq!(said.matches("failing: x failed with status 503").count(), 2, "{said}");
}

#[test]
fn a_deferred_model_is_opened_once_when_it_is_asked() {
    let opened = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&opened);
    // The first time it is not there yet.
    let open = move |_: &CancelToken| match counted.fetch_add(1, Ordering::SeqCst) {
        0 => Err(away()),
        _ => Ok(scripted("m", &["one", "two"])),
    };
    let model = Deferred::new(ModelInfo::new("m", 77), Arc::new(open));
    assert_eq!((model.info().context_length, opened.load(Ordering::SeqCst)), (77, 0));
    assert_eq!(read(model.generate(request("go"))).code, Some("providers.failed"));
    assert_eq!(read(model.generate(request("go"))).text, "one");
    // The words, and the blank between them.
    assert_eq!(model.count_tokens(&Prompt::text("a b")).unwrap(), 3);
    assert_eq!(read(model.clone().generate(request("go"))).text, "two");
    assert_eq!(opened.load(Ordering::SeqCst), 2);
}

#[test]
fn an_opening_ends_when_who_asked_for_it_cancels() {
    let (begun, beginnings) = std::sync::mpsc::channel();
    // Goes on until it is told to end.
    let open = move |cancel: &CancelToken| {
        begun.send(cancel.clone()).unwrap();
        while !cancel.is_cancelled() {
            std::thread::yield_now();
        }
        Err(Error::Cancelled)
    };
    let model = Deferred::new(ModelInfo::new("m", 77), Arc::new(open));
    let first = model.generate(request("go")).unwrap();
    let of_first = beginnings.recv().unwrap();
    // The second waits for the first's opening, and need not.
    let second = model.generate(request("go")).unwrap();
    second.cancel();
    assert_eq!(read(Ok(second)).reason(), Some(FinishReason::Cancelled));
    assert!(!of_first.is_cancelled());
    first.cancel();
    assert_eq!(read(Ok(first)).reason(), Some(FinishReason::Cancelled));
    // A later one has a cancel of its own.
    let third = model.generate(request("go")).unwrap();
    assert!(!beginnings.recv().unwrap().is_cancelled());
    third.cancel();
    assert_eq!(read(Ok(third)).reason(), Some(FinishReason::Cancelled));
}

#[test]
fn who_cancels_does_not_wait_for_the_judge() {
    let cancel = CancelToken::new();
    let (heard, judged) = (cancel.clone(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&judged);
    let score = move |_: &Candidate, of_request: &CancelToken| {
        count.fetch_add(1, Ordering::SeqCst);
        heard.cancel();
        assert!(of_request.is_cancelled());
        1.0
    };
    let ensemble = Ensemble::new(vec![scripted("m", &["a", "b", "c"])], 3, score).unwrap();
    let outcome = read(ensemble.generate(request("go").with_cancel(cancel)));
    assert_eq!(outcome.reason(), Some(FinishReason::Cancelled));
    assert_eq!((outcome.text.as_str(), judged.load(Ordering::SeqCst)), ("", 1));
}

#[test]
fn who_hears_is_told_what_a_length_chose_and_how_answers_were_judged() {
    let (hear, told) = observer();
    let route = |rule, name: &str| Route { rule, model: scripted(name, &["x"; 9]) };
    let routes =
        vec![route(RouteRule::default().at_least(5), "long"), route(RouteRule::default(), "usual")];
    let routing = Routing::new(routes).unwrap().observed_by(hear.clone());
    read(routing.generate(request("go")));
    assert_eq!(*told.lock().unwrap(), []);
    read(routing.generate(request("go on and on and on")));
    let model = "long".to_owned();
    assert_eq!(*told.lock().unwrap(), [Notice::Chosen { model, tokens: 12 }]);
    let replies = ["a", "b", "b"];
    let ensemble = Ensemble::new(vec![scripted("m", &replies)], 3, |_, _| 2.0).unwrap();
    read(ensemble.at_once(1).observed_by(hear).generate(request("go")));
    let judged = Notice::Judged { answers: 3, asked: 3, alike: 2, score: 2.0 };
    assert_eq!(told.lock().unwrap()[1..], [judged]);
}

#[test]
fn the_best_answer_wins() {
    let replies = ["bad", "good 1", "good  2", "good 2", "bad"];
    let check = |score: fn(&str) -> f64, expect: &str| {
        // One after the other, so that the script's order is known.
        let ensemble =
            Ensemble::new(vec![scripted("m", &replies)], 5, move |one, _| score(&one.text))
                .unwrap()
                .at_once(1);
        let outcome = read(ensemble.generate(request("go")));
        assert_eq!(outcome.text, expect);
        // The words and the blanks of all five.
        assert_eq!(outcome.usage(), (10, 11));
    };
    let parses = |text: &str| f64::from(u8::from(text.starts_with("good")));
    // Two say the same, whatever the blanks.
    check(parses, "good  2");
    check(|text| if text == "good 1" { 2.0 } else { 1.0 }, "good 1");
    // All are alike: the vote decides, and the first of those that have most.
    check(|_| 0.0, "bad");
    check(|_| f64::NAN, "bad");
}

#[test]
fn an_ensemble_asks_for_different_answers_at_once() {
    /// Tells how it was asked, once as many as wanted are there.
    struct Meeting {
        info: ModelInfo,
        wanted: usize,
        here: AtomicUsize,
        asked: Mutex<Vec<(u64, f32)>>,
    }
    impl LanguageModel for Meeting {
        fn info(&self) -> &ModelInfo {
            &self.info
        }
        fn count_tokens(&self, _prompt: &Prompt) -> Result<usize> {
            Ok(1)
        }
        fn generate(&self, request: GenerateRequest) -> Result<Generation> {
            let sampling = &request.options.sampling;
            self.asked.lock().unwrap().push((sampling.seed, sampling.temperature));
            self.here.fetch_add(1, Ordering::SeqCst);
            while self.here.load(Ordering::SeqCst) < self.wanted {
                std::thread::yield_now();
            }
            ScriptedModel::new(["yes"]).generate(request)
        }
    }
    let meeting = Arc::new(Meeting {
        info: ModelInfo::new("m", 100),
        wanted: 3,
        here: AtomicUsize::new(0),
        asked: Mutex::default(),
    });
    let models: Vec<Arc<dyn LanguageModel>> = vec![Arc::clone(&meeting) as _];
    let ensemble = Ensemble::new(models, 3, |_, _| 0.0).unwrap();
    assert_eq!(read(ensemble.generate(request("go"))).text, "yes");
    let mut asked = meeting.asked.lock().unwrap().clone();
    asked.sort_by_key(|(seed, _)| *seed);
    // The first is what was asked for; the others may differ.
    assert_eq!(asked, [(0, 0.0), (1, 0.6), (2, 0.6)]);
}

#[test]
fn an_ensemble_survives_some_and_tells_when_none_is_left() {
    struct Panics(ModelInfo);
    impl LanguageModel for Panics {
        fn info(&self) -> &ModelInfo {
            &self.0
        }
        fn count_tokens(&self, _prompt: &Prompt) -> Result<usize> {
            Ok(1)
        }
        fn generate(&self, _request: GenerateRequest) -> Result<Generation> {
            panic!("a model of somebody else")
        }
    }
    let panics = || Arc::new(Panics(ModelInfo::new("p", 100))) as Arc<dyn LanguageModel>;
    let models = vec![Arc::new(Failing::new("Hel", away)), panics(), scripted("m", &["Hello"])];
    let some = Ensemble::new(models, 3, |_, _| 0.0).unwrap();
    assert_eq!(read(some.generate(request("go"))).text, "Hello");
    let none = Ensemble::new(vec![panics()], 2, |_, _| 0.0).unwrap();
    assert_eq!(read(none.generate(request("go"))).code, Some("models.engine_stopped"));
    // All of it can be cancelled.
    let silent =
        Ensemble::new(vec![Arc::new(Silent(ModelInfo::new("s", 9)))], 2, |_, _| 0.0).unwrap();
    let generation = silent.generate(request("go")).unwrap();
    generation.cancel();
    assert_eq!(read(Ok(generation)).reason(), Some(FinishReason::Cancelled));
}

/// Says nothing until it is cancelled.
struct Silent(ModelInfo);

impl LanguageModel for Silent {
    fn info(&self) -> &ModelInfo {
        &self.0
    }

    fn count_tokens(&self, _prompt: &Prompt) -> Result<usize> {
        Ok(1)
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        let (sender, generation) = generation_channel(request.cancel);
        std::thread::spawn(move || {
            while !sender.is_cancelled() {
                std::thread::yield_now();
            }
        });
        Ok(generation)
    }
}

struct CacheFolder {
    _folder: tempfile::TempDir,
    options: CacheOptions,
}

fn cache_folder() -> CacheFolder {
    let folder = tempfile::tempdir().unwrap();
    let options = CacheOptions::new(&folder.path().join("answers.sqlite"));
    CacheFolder { _folder: folder, options }
}

fn cached(options: &CacheOptions, model: Arc<dyn LanguageModel>, identity: &str) -> Cached {
    let cache = Arc::new(Cache::open(options).unwrap());
    Cached::new(model, identity, cache, Observer::default())
}

#[test]
fn an_answer_is_given_again_without_the_model() {
    let folder = cache_folder();
    let (hear, told) = observer();
    let cache = Arc::new(Cache::open(&folder.options).unwrap());
    let model = scripted("m", &["one two", "other"]);
    let cached_model = Cached::new(Arc::clone(&model), "m@1", Arc::clone(&cache), hear);
    let first: Vec<_> =
        cached_model.generate(request("go")).unwrap().map(mlxcode_models::Result::unwrap).collect();
    let again: Vec<_> =
        cached_model.generate(request("go")).unwrap().map(mlxcode_models::Result::unwrap).collect();
    // Token by token.
    assert_eq!((first.len(), &first), (5, &again));
    assert_eq!(*told.lock().unwrap(), [Notice::FromCache]);
    // Another process.
    let elsewhere = cached(&folder.options, scripted("m", &[]), "m@1");
    assert_eq!(read(elsewhere.generate(request("go"))).text, "one two");
    // Whatever differs is another question.
    assert_eq!(read(cached_model.generate(request("go on"))).text, "other");
    let code = |outcome: crate::Outcome| outcome.code;
    assert_eq!(
        code(read(cached(&folder.options, Arc::clone(&model), "m@2").generate(request("go")))),
        Some("models.script_exhausted")
    );
    let mut short = request("go");
    short.options.max_tokens = Some(1);
    assert_eq!(code(read(cached_model.generate(short))), Some("models.script_exhausted"));
    cache.clear().unwrap();
    assert_eq!(cache.count().unwrap(), 0);
}

#[test]
fn only_what_would_come_out_the_same_is_kept() {
    let folder = cache_folder();
    let ask = |temperature: f32, seed: u64| {
        let model = cached(&folder.options, scripted("m", &["x"]), "m");
        let mut options = GenerateOptions::default();
        (options.sampling.temperature, options.sampling.seed) = (temperature, seed);
        read(model.generate(request("go").with_options(options)));
        Cache::open(&folder.options).unwrap().count().unwrap()
    };
    assert_eq!([ask(0.7, 0), ask(0.0, 0), ask(0.7, 1)], [0, 1, 2]);
    // Unless told otherwise.
    let mut options = GenerateOptions::default();
    options.sampling.temperature = 0.7;
    let drawn = || request("go").with_options(options.clone());
    let all = |replies: &[&str]| {
        cached(&folder.options, scripted("m", replies), "m").keeping_all(true).generate(drawn())
    };
    assert_eq!((read(all(&["y"])).text, read(all(&[])).text), ("y".into(), "y".into()));
}

#[test]
fn what_failed_or_was_cancelled_is_never_kept() {
    let folder = cache_folder();
    let count = || Cache::open(&folder.options).unwrap().count().unwrap();
    read(cached(&folder.options, Arc::new(Failing::new("Hel", away)), "m").generate(request("go")));
    let silent = cached(&folder.options, Arc::new(Silent(ModelInfo::new("s", 9))), "m");
    let generation = silent.generate(request("go")).unwrap();
    generation.cancel();
    read(Ok(generation));
    let cancel = CancelToken::new();
    cancel.cancel();
    let scripted = cached(&folder.options, scripted("m", &["x"]), "m");
    read(scripted.generate(request("go").with_cancel(cancel)));
    assert_eq!(count(), 0);
}

#[test]
fn a_damaged_answer_is_forgotten() {
    let folder = cache_folder();
    let ask = |replies: &[&str]| {
        read(cached(&folder.options, scripted("m", replies), "m").generate(request("go"))).text
    };
    assert_eq!(ask(&["right"]), "right");
    for damage in [
        "UPDATE answers SET events = replace(CAST(events AS TEXT), 'right', 'wrong')",
        "UPDATE answers SET events = X'00'",
        "UPDATE answers SET events = 7, hash = 'x'",
    ] {
        let file = rusqlite::Connection::open(&folder.options.path).unwrap();
        assert_eq!(file.execute(damage, []).unwrap(), 1);
        drop(file);
        assert_eq!(ask(&["right"]), "right", "{damage}");
        assert_eq!(ask(&[]), "right");
    }
    // A file that is none says so, and another layout is begun anew.
    let file = rusqlite::Connection::open(&folder.options.path).unwrap();
    file.pragma_update(None, "user_version", 99).unwrap();
    drop(file);
    assert_eq!(Cache::open(&folder.options).unwrap().count().unwrap(), 0);
    let broken = cache_folder();
    std::fs::write(&broken.options.path, "no database at all, but longer than a header".repeat(9))
        .unwrap();
    assert!(matches!(Cache::open(&broken.options), Err(ProviderError::Cache { .. })));
}

#[test]
fn the_cache_stays_below_its_limit() {
    let folder = cache_folder();
    let options = folder.options.clone().with_most_bytes(4000);
    let cache = Arc::new(Cache::open(&options).unwrap());
    let ask = |text: &str, replies: &[&str]| {
        let model = scripted("m", replies);
        let cached = Cached::new(model, "m", Arc::clone(&cache), Observer::default());
        read(cached.generate(request(text))).text
    };
    ask("first", &["kept"]);
    for number in 0..40 {
        ask(&number.to_string(), &["x"]);
        // It was used just now.
        assert_eq!(ask("first", &[]), "kept");
    }
    let count = cache.count().unwrap();
    assert!((8..40).contains(&count), "{count}");
    assert_eq!((&*ask("39", &[]), &*ask("0", &["anew"])), ("x", "anew"));
    // One that is too large for it does not push the others out.
    let before = cache.count().unwrap();
    ask("long", &["word ".repeat(500).as_str()]);
    assert_eq!(cache.count().unwrap(), before);
}
