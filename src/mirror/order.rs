//! Which state an object is in after several events of one second.
//!
//! Stripe's clock has whole seconds and its deliveries no order, so the order in which events of one second arrived
//! says nothing. What they say themselves does: an event tells where it leads, and, by `previous_attributes`, where
//! it came from. The decision is a function of the set of claims alone.

use std::cmp::Ordering;

use entity::{
    change::Kind,
    json::Value as Json,
    mirrored::{DeletedEvent, Object},
};
use sha2::{Digest as _, Sha256};

use super::Mirror;

/// What one event, or one answer of Stripe's, says of an object at a second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The event's id; empty for an answer.
    pub event: String,
    pub leads_to: State,
    pub came_from: Origin,
    /// The place of its status in the object's life cycle.
    pub life_cycle: i32,
}

/// A state of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Gone,
    Is(Digest),
}

/// The state that an event changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The object was created.
    Nothing,
    Was(Digest),
    /// It does not say: a snapshot.
    Unknown,
}

/// Stands for the state of an object, raised to the newest shape: equal states have equal digests.
///
/// The inbox keeps it in place of the object, so that events of one second can be weighed without their bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(pub i64);

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The index of the claim that counts.
    pub winner: usize,
    /// Whether the claims leave no doubt; else Stripe should be asked.
    pub settled: bool,
    /// Whether every state that was entered was left again, so that only the state before that second tells the end.
    pub closed: bool,
}

impl Claim {
    /// The claim of an event's object, or of an answer: `lifted` is the object raised to the newest shape, and `before`
    /// what it was before the event, as [`put_back`] gives it, where the event says so.
    pub fn new(mirror: &Mirror, event: &str, kind: Kind, lifted: &Object, before: Option<Object>) -> Self {
        let gone = kind == Kind::Deleted && mirror.deleted_event == DeletedEvent::Tombstone;
        let bare = lifted.get("deleted").and_then(Json::as_bool) == Some(true);
        let is = digest(lifted);
        let leads_to = if gone || bare { State::Gone } else { State::Is(is) };
        let came_from = match (kind, before) {
            (Kind::Created, _) => Origin::Nothing,
            _ if gone && !bare => Origin::Was(is),
            (_, Some(mut before)) => {
                (mirror.lift)(&mut before);
                Origin::Was(digest(&before))
            }
            (_, None) => Origin::Unknown,
        };
        let status = lifted.get("status").and_then(Json::as_str);
        let place = status.and_then(|status| mirror.life_cycle.iter().position(|known| *known == status));
        let life_cycle = place.and_then(|place| i32::try_from(place + 1).ok()).unwrap_or_default();
        Self { event: event.to_owned(), leads_to, came_from, life_cycle }
    }

    /// Whether this is preferred to another claim where neither is known to be the last.
    fn preference(&self, other: &Self) -> Ordering {
        let key = |claim: &Self| {
            (claim.leads_to == State::Gone, claim.came_from != Origin::Nothing, claim.life_cycle)
        };
        key(self).cmp(&key(other)).then_with(|| self.event.cmp(&other.event))
    }
}

/// Decides between claims about one second of one object; there must be one at least. `before` is the state in which
/// the object was before that second, where it is known.
///
/// Every state that an event came from is struck against an equal state that another leads to: what is left is the
/// end of the chain, also through states that were left and entered again. Where more than one is left — an event is
/// still under way, or a snapshot that no chain explains — the choice is by the life cycle and then by the event's id:
/// the same for every order, and not settled. Where none is left, the chain closes: it ends where it began.
pub fn decide(claims: &[Claim], before: Option<Digest>) -> Decision {
    // A snapshot that shows a state of the chain adds nothing.
    let mut ends: Vec<usize> = (0..claims.len()).filter(|end| !is_explained(claims, *end)).collect();
    for claim in claims {
        let Origin::Was(origin) = &claim.came_from else { continue };
        let leads_there = |end: usize| matches!(&claims[end].leads_to, State::Is(state) if state == origin);
        // Of several that lead there, the creation was first.
        let rank = |end: usize| (claims[end].came_from != Origin::Nothing, &claims[end].event);
        let struck = (0..ends.len()).filter(|place| leads_there(ends[*place]));
        let struck = struck.min_by(|a, b| rank(ends[*a]).cmp(&rank(ends[*b])));
        if let Some(struck) = struck {
            ends.swap_remove(struck);
        }
    }
    // Was it deleted last, or deleted and created again?
    let created_again = ends.iter().any(|end| claims[*end].came_from == Origin::Nothing)
        && ends.iter().any(|end| claims[*end].leads_to == State::Gone);
    // Nothing comes before the creation.
    if ends.iter().any(|end| claims[*end].came_from != Origin::Nothing) {
        ends.retain(|end| claims[*end].came_from != Origin::Nothing);
    }
    let closed = ends.is_empty();
    let returns = |index: &usize| before.is_some_and(|before| claims[*index].leads_to == State::Is(before));
    let returned: Vec<usize> = (0..claims.len()).filter(returns).collect();
    let candidates = match (closed, returned.is_empty()) {
        (false, _) => ends,
        (true, false) => returned.clone(),
        (true, true) => (0..claims.len()).collect(),
    };
    let best = candidates.iter().copied().max_by(|a, b| claims[*a].preference(&claims[*b]));
    let best = best.expect("there is a claim");
    // Several may tell of that state: which of them is named must not depend on their order either.
    let tells = |index: &usize| claims[*index].leads_to == claims[best].leads_to;
    let winner = (0..claims.len()).filter(tells).max_by_key(|index| &claims[*index].event).unwrap_or(best);
    let agreed = candidates.iter().all(|candidate| claims[*candidate].leads_to == claims[winner].leads_to);
    let known = !closed || !returned.is_empty() || claims.len() == 1;
    Decision { winner, settled: agreed && known && !created_again, closed }
}

/// The state in which an object is after some seconds, each with its claims, the oldest first; `None` where they leave
/// a doubt, or it is gone.
pub fn state_after<'a>(seconds: impl IntoIterator<Item = &'a [Claim]>) -> Option<Digest> {
    seconds.into_iter().filter(|claims| !claims.is_empty()).fold(None, |before, claims| {
        let decision = decide(claims, before);
        match claims[decision.winner].leads_to {
            State::Is(digest) if decision.settled => Some(digest),
            State::Is(_) | State::Gone => None,
        }
    })
}

fn is_explained(claims: &[Claim], index: usize) -> bool {
    let snapshot = &claims[index];
    if snapshot.came_from != Origin::Unknown {
        return false;
    }
    let shows = |claim: &Claim| {
        let enters = claim.leads_to == snapshot.leads_to;
        let leaves =
            matches!((&claim.came_from, &snapshot.leads_to), (Origin::Was(was), State::Is(is)) if was == is);
        claim.came_from != Origin::Unknown && (enters || leaves)
    };
    claims.iter().enumerate().any(|(other, claim)| other != index && shows(claim))
}

/// The digest of an object in the newest shape.
fn digest(lifted: &Object) -> Digest {
    let mut text = Vec::with_capacity(4096);
    write_members(lifted, &mut text);
    let hash = Sha256::digest(&text);
    let bytes = hash.first_chunk().expect("a hash has 32 bytes");
    Digest(i64::from_be_bytes(*bytes))
}

/// Writes a value so that equal ones give equal bytes: to Stripe a member that is null is one that is absent.
fn write(value: &Json, out: &mut Vec<u8>) {
    match value {
        Json::Object(object) => write_members(object, out),
        Json::Array(items) => {
            out.push(b'[');
            for item in items {
                write(item, out);
                out.push(b',');
            }
            out.push(b']');
        }
        Json::String(text) => {
            // Its length goes first, so that no text can pass for two.
            out.extend_from_slice(&text.len().to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        other => serde_json::to_writer(out, other).expect("a number, a flag or null is written to memory"),
    }
}

/// Writes the members, in the order of their names.
fn write_members(object: &Object, out: &mut Vec<u8>) {
    out.push(b'{');
    for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        out.extend_from_slice(&name.len().to_le_bytes());
        out.extend_from_slice(name.as_bytes());
        write(value, out);
        out.push(b',');
    }
    out.push(b'}');
}

/// The object before a change: hashes are put back member by member, everything else whole.
pub fn put_back<'t>(object: &Object<'t>, previous: &Object<'t>) -> Object<'t> {
    let mut before = object.clone();
    let mut lacked = Vec::new();
    for (name, value) in previous.iter() {
        match (before.get_mut(name), value) {
            (Some(Json::Object(now)), Json::Object(value)) => *now = put_back(now, value),
            (Some(now), value) => *now = value.clone(),
            (None, value) => lacked.push((name.clone(), value.clone())),
        }
    }
    before.extend(lacked);
    before
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::mirror::mirror;

    /// A claim, and the name by which the test knows where it leads.
    #[derive(Clone, Debug)]
    struct Told {
        claim: Claim,
        name: String,
    }

    fn claim(event: &str, kind: Kind, object: &Json, previous: Option<&Json>) -> Told {
        let mirror = mirror(object["object"].as_str().expect("named")).expect("mirrored");
        let sent = Object::from(object.as_object().expect("an object"));
        let mut lifted = sent.clone();
        (mirror.lift)(&mut lifted);
        let previous = previous.and_then(Json::as_object).map(Object::from);
        let before = previous.map(|previous| put_back(&sent, &previous));
        let claim = Claim::new(mirror, event, kind, &lifted, before);
        let name = match claim.leads_to {
            State::Gone => "gone",
            State::Is(_) => object["name"].as_str().or(object["status"].as_str()).expect("it has one"),
        };
        Told { claim, name: name.to_owned() }
    }

    fn customer(name: &str) -> Json {
        json!({ "id": "cus_1", "object": "customer", "name": name, "address": { "city": "Ghent", "line1": null } })
    }

    fn update(event: &str, from: &str, to: &str) -> Told {
        claim(event, Kind::Updated, &customer(to), Some(&json!({ "name": from })))
    }

    fn end(told: &[Told]) -> (&str, bool) {
        let claims: Vec<Claim> = told.iter().map(|told| told.claim.clone()).collect();
        let Decision { winner, settled, .. } = decide(&claims, None);
        (&told[winner].name, settled)
    }

    #[test]
    fn a_chain_ends_where_nothing_leads_on() {
        let created = claim("evt_9", Kind::Created, &customer("A"), None);
        assert_eq!(end(std::slice::from_ref(&created)), ("A", true));
        assert_eq!(end(&[update("evt_1", "A", "B"), created.clone()]), ("B", true));
        let there_and_back = [update("evt_3", "A", "B"), created.clone(), update("evt_1", "B", "A")];
        assert_eq!(end(&there_and_back), ("A", true));
        let deleted = claim("evt_0", Kind::Deleted, &customer("B"), None);
        assert_eq!(end(&[deleted, update("evt_1", "A", "B"), created]), ("gone", true));
    }

    #[test]
    fn hashes_are_put_back_member_by_member() {
        let moved =
            json!({ "id": "cus_1", "object": "customer", "address": { "city": "Bruges" }, "name": "A" });
        let moved = claim("evt_1", Kind::Updated, &moved, Some(&json!({ "address": { "city": "Ghent" } })));
        let created = claim("evt_2", Kind::Created, &customer("A"), None);
        let decision = decide(&[created.claim, moved.claim], None);
        assert_eq!(decision, Decision { winner: 1, settled: true, closed: false });
    }

    #[test]
    fn what_no_chain_explains_is_chosen_by_the_life_cycle_and_not_settled() {
        let invoice = |status: &str| json!({ "id": "in_1", "object": "invoice", "status": status });
        let open = claim("evt_2", Kind::Updated, &invoice("open"), Some(&json!({ "status": "draft" })));
        let paid = claim("evt_1", Kind::Updated, &invoice("paid"), None);
        assert_eq!(end(&[paid.clone(), open.clone()]), ("paid", false));
        let updated = claim("evt_0", Kind::Updated, &invoice("paid"), Some(&json!({ "status": "open" })));
        assert_eq!(end(&[paid, open, updated]), ("paid", true));
        let closed = [update("evt_1", "A", "B"), update("evt_2", "B", "A")];
        assert_eq!(end(&closed), ("A", false));
        let gap = [claim("evt_9", Kind::Created, &customer("A"), None), update("evt_1", "B", "C")];
        assert_eq!(end(&gap), ("C", true), "nothing comes before the creation");
    }

    #[test]
    fn a_chain_that_closes_ends_where_the_second_before_ended() {
        let created = claim("evt_0", Kind::Created, &customer("A"), None).claim;
        let to_b = update("evt_5", "A", "B").claim;
        for (start, there, back) in
            [("A", "evt_2", "evt_1"), ("A", "evt_1", "evt_2"), ("B", "evt_1", "evt_2")]
        {
            let other = if start == "A" { "B" } else { "A" };
            let toggle = [update(there, start, other), update(back, other, start)];
            let claims = toggle.clone().map(|told| told.claim);
            let before = match start {
                "A" => state_after([std::slice::from_ref(&created)]),
                _ => state_after([&[to_b.clone(), created.clone()][..]]),
            };
            let decision = decide(&claims, before);
            assert_eq!((toggle[decision.winner].name.as_str(), decision.settled), (start, true));
            assert!(!decide(&claims, None).settled, "by itself it may be either");
        }
    }

    #[test]
    fn equal_states_have_equal_digests_and_others_have_not() {
        let of = |value: Json| digest(&value.as_object().expect("an object").into());
        assert_eq!(of(json!({ "a": null, "b": { "c": null } })), of(json!({ "b": {} })));
        for (one, other) in [
            (json!({ "a": "b" }), json!({ "ab": "" })),
            (json!({ "a": "1" }), json!({ "a": 1 })),
            (json!({ "a": ["x", "y"] }), json!({ "a": ["xy"] })),
            (json!({ "a": ["x", "y"] }), json!({ "a": ["y", "x"] })),
            (json!({ "a": [[], "x"] }), json!({ "a": [["x"]] })),
            (json!({ "a": true }), json!({ "a": "true" })),
        ] {
            assert_ne!(of(one.clone()), of(other.clone()), "{one} and {other}");
        }
    }

    #[test]
    fn what_was_deleted_and_created_in_one_second_is_not_settled() {
        let deleted = claim("evt_1", Kind::Deleted, &customer("A"), None);
        let again = claim("evt_2", Kind::Created, &customer("B"), None);
        assert_eq!(end(&[again, deleted.clone()]), ("gone", false));
        let created = claim("evt_2", Kind::Created, &customer("A"), None);
        assert_eq!(end(&[created, deleted]), ("gone", true));
    }

    /// Claims about a second: changes between a few states, with or without the state before, creations and deletions;
    /// what is told of twice has the same event.
    fn claims() -> impl Strategy<Value = Vec<Told>> {
        let one = (0..8_u8, 0..3_u8, 0..3_u8).prop_map(|(kind, from, to)| {
            let name = |place: u8| ["A", "B", "C"][usize::from(place)];
            let id = format!("evt_{kind}{from}{to}");
            match kind {
                0 => claim(&id, Kind::Created, &customer(name(to)), None),
                1 => claim(&id, Kind::Deleted, &customer(name(to)), None),
                2 | 3 => claim(&id, Kind::Updated, &customer(name(to)), None),
                _ => update(&id, name(from), name(to)),
            }
        });
        prop::collection::vec(one, 1..9)
    }

    proptest! {
        #[test]
        fn every_order_of_any_claims_has_the_same_winner(
            told in claims(),
            keys in prop::collection::vec(any::<u32>(), 9),
        ) {
            let decided = |told: &[Told]| {
                let claims: Vec<Claim> = told.iter().map(|told| told.claim.clone()).collect();
                let Decision { winner, settled, .. } = decide(&claims, None);
                (claims[winner].clone(), settled)
            };
            let mut shuffled: Vec<_> = told.iter().cloned().zip(&keys).collect();
            shuffled.sort_by_key(|(_, key)| **key);
            let shuffled: Vec<Told> = shuffled.into_iter().map(|(told, _)| told).collect();
            prop_assert_eq!(decided(&told), decided(&shuffled));
        }

        /// A snapshot of a state on the way changes nothing, however often it comes.
        #[test]
        fn snapshots_of_the_walk_add_nothing(
            walk in prop::collection::vec(0..3_u8, 1..12),
            shown in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let name = |place: u8| ["A", "B", "C"][usize::from(place)];
            let mut told = vec![claim("evt_created", Kind::Created, &customer("A"), None)];
            let mut visited = vec![0];
            for (step, next) in walk.into_iter().enumerate() {
                let at = *visited.last().expect("it began somewhere");
                if next != at {
                    told.push(update(&format!("evt_{step}"), name(at), name(next)));
                    visited.push(next);
                }
            }
            for (number, place) in shown.iter().enumerate() {
                let state = customer(name(visited[place.index(visited.len())]));
                told.push(claim(&format!("evt_shown_{number}"), Kind::Updated, &state, None));
            }
            prop_assert_eq!(end(&told), (name(*visited.last().expect("it began")), true));
        }

        #[test]
        fn a_walk_ends_where_it_ended_in_any_order(
            walk in prop::collection::vec(0..4_u8, 0..8),
            order in any::<prop::sample::Index>(),
            seed in prop::collection::vec(any::<u32>(), 9),
        ) {
            let name = |place: u8| ["A", "B", "C", "D"][usize::from(place)];
            let mut claims = vec![claim("evt_created", Kind::Created, &customer("A"), None)];
            let mut at = 0;
            for (step, next) in walk.iter().copied().filter(|next| *next < 4).enumerate() {
                if next != at {
                    claims.push(update(&format!("evt_{}", seed[step]), name(at), name(next)));
                    at = next;
                }
            }
            let count = claims.len();
            claims.rotate_left(order.index(count));
            let mut keyed: Vec<_> = claims.into_iter().zip(seed.iter().cycle()).collect();
            keyed.sort_by_key(|(_, key)| **key);
            let claims: Vec<Told> = keyed.into_iter().map(|(claim, _)| claim).collect();
            prop_assert_eq!(end(&claims), (name(at), true));
        }
    }
}
