//! The tables, as diesel knows them: the same for both databases. Written by hand from
//! `migrations/`; a test compares the two databases' own lists with each other.

diesel::table! {
    users (id) {
        id -> Binary,
        username -> Text,
        password_hash -> Nullable<Text>,
        language -> Nullable<Text>,
        disabled_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    identities (kind, value) {
        kind -> Text,
        value -> Text,
        user_id -> Binary,
        verified_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    profiles (user_id) {
        user_id -> Binary,
        profile -> Text,
        changed_at -> BigInt,
    }
}

diesel::table! {
    subjects (sector_key, subject) {
        user_id -> Binary,
        sector_key -> Text,
        subject -> Text,
        retired_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    sign_in_throttles (throttle_key) {
        throttle_key -> Binary,
        failures -> Integer,
        blocked_until -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    known_browsers (browser_digest, user_id) {
        browser_digest -> Binary,
        user_id -> Binary,
        seen_at -> BigInt,
    }
}

diesel::table! {
    publishers (id) {
        id -> Text,
        name -> Text,
        verified_at -> Nullable<BigInt>,
        created_at -> BigInt,
        folded_name -> Text,
    }
}

diesel::table! {
    clients (id) {
        id -> Text,
        publisher_id -> Nullable<Text>,
        state -> Text,
        is_host -> Bool,
        metadata -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        name -> Text,
        folded_name -> Text,
        resource -> Nullable<Text>,
        backchannel_logout_uri -> Nullable<Text>,
    }
}

diesel::table! {
    client_secrets (id) {
        id -> Binary,
        client_id -> Text,
        digest -> Binary,
        created_at -> BigInt,
        retired_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    used_jti (digest) {
        digest -> Binary,
        expires_at -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> Binary,
        user_id -> Binary,
        cookie_digest -> Binary,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        expires_at -> BigInt,
        user_agent -> Text,
        ended_at -> Nullable<BigInt>,
        end_reason -> Nullable<Text>,
        authentication -> Text,
        history -> Integer,
        password_changed_at -> Nullable<BigInt>,
        browser_digest -> Nullable<Binary>,
    }
}

diesel::table! {
    interactions (id) {
        id -> Binary,
        browser_digest -> Binary,
        request -> Text,
        progress -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        consumed_at -> Nullable<BigInt>,
        session_id -> Nullable<Binary>,
    }
}

diesel::table! {
    grants (id) {
        id -> Binary,
        user_id -> Binary,
        client_id -> Text,
        scopes -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        last_used_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    refusals (user_id, client_id, scope) {
        user_id -> Binary,
        client_id -> Text,
        scope -> Text,
        purpose -> Text,
        refused_at -> BigInt,
        times -> Integer,
        reopened_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    consent_sheets (id) {
        id -> Binary,
        digest -> Binary,
        session_id -> Binary,
        host_id -> Text,
        client_id -> Text,
        request -> Text,
        progress -> Text,
        created_at -> BigInt,
        opened_at -> Nullable<BigInt>,
        expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        result -> Nullable<Text>,
    }
}

diesel::table! {
    postponements (session_id, client_id, scope) {
        session_id -> Binary,
        client_id -> Text,
        scope -> Text,
        purpose -> Text,
        postponed_at -> BigInt,
    }
}

diesel::table! {
    receipts (id) {
        id -> Binary,
        user_id -> Binary,
        client_id -> Text,
        grant_id -> Nullable<Binary>,
        decided_at -> BigInt,
        content -> Text,
    }
}

diesel::table! {
    token_families (id) {
        id -> Binary,
        grant_id -> Binary,
        user_id -> Binary,
        client_id -> Text,
        session_id -> Nullable<Binary>,
        authorized -> Text,
        created_at -> BigInt,
        log_position -> BigInt,
        expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        end_reason -> Nullable<Text>,
        origin -> Text,
        history -> Integer,
    }
}

diesel::table! {
    one_time_credentials (digest) {
        digest -> Binary,
        kind -> Text,
        family_id -> Nullable<Binary>,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
        web_session_id -> Nullable<Binary>,
    }
}

diesel::table! {
    web_sessions (id) {
        id -> Binary,
        session_id -> Binary,
        host_id -> Text,
        client_id -> Text,
        sid -> Text,
        code_challenge -> Text,
        created_at -> BigInt,
        opened_at -> Nullable<BigInt>,
        cookie_digest -> Nullable<Binary>,
    }
}

diesel::table! {
    participants (session_id, client_id) {
        session_id -> Binary,
        client_id -> Text,
        sid -> Nullable<Text>,
        first_at -> BigInt,
        last_at -> BigInt,
        over_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    deliveries (id) {
        id -> BigInt,
        client_id -> Text,
        user_id -> Binary,
        sid -> Text,
        created_at -> BigInt,
        due_at -> BigInt,
        attempts -> Integer,
        problem -> Nullable<Text>,
        dead_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    destinations (client_id) {
        client_id -> Text,
        due_at -> BigInt,
        claimed_by -> Nullable<Binary>,
        failures -> Integer,
    }
}

diesel::table! {
    announcements (id) {
        id -> BigInt,
        target -> Text,
        at -> BigInt,
        due_at -> BigInt,
        after_session -> Binary,
        after_client -> Text,
    }
}

diesel::table! {
    refresh_tokens (digest) {
        digest -> Binary,
        family_id -> Binary,
        number -> BigInt,
        issued_at -> BigInt,
        expires_at -> BigInt,
        superseded_at -> Nullable<BigInt>,
        request_digest -> Nullable<Binary>,
        sealed_answer -> Nullable<Binary>,
        successor -> Nullable<Binary>,
        proof_key -> Nullable<Binary>,
    }
}

diesel::table! {
    signing_keys (id) {
        id -> Text,
        kind -> Text,
        state -> Text,
        since -> BigInt,
        created_at -> BigInt,
        public_jwk -> Text,
        sealed_private -> Binary,
        confirmed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    shared_secrets (id) {
        id -> Binary,
        purpose -> Text,
        sealed -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    histories (number) {
        number -> Integer,
        id -> BigInt,
        began_at -> BigInt,
        reason -> Text,
        sessions_from -> Integer,
        purged_to -> BigInt,
    }
}

diesel::table! {
    installation (id) {
        id -> Integer,
        master_key_fingerprint -> Binary,
        issuer -> Nullable<Text>,
    }
}

diesel::table! {
    events (position) {
        position -> BigInt,
        at -> BigInt,
        kind -> Text,
        session_id -> Nullable<Binary>,
        grant_id -> Nullable<Binary>,
        family_id -> Nullable<Binary>,
        user_id -> Nullable<Binary>,
        client_id -> Nullable<Text>,
        detail -> Text,
        effect -> Text,
        target -> Text,
        effect_version -> Integer,
        mark -> BigInt,
    }
}

diesel::table! {
    audit (id) {
        id -> Binary,
        at -> BigInt,
        actor -> Text,
        action -> Text,
        user_id -> Nullable<Binary>,
        client_id -> Nullable<Text>,
        detail -> Text,
        actor_identity -> Nullable<Text>,
        came_from -> Text,
    }
}

diesel::table! {
    nodes (id) {
        id -> Binary,
        seen_at -> BigInt,
        confirmed -> BigInt,
        keys_seen -> BigInt,
        history -> BigInt,
        mark -> BigInt,
    }
}

diesel::table! {
    node_streams (node_id, client_id) {
        node_id -> Binary,
        client_id -> Text,
        hosts -> BigInt,
        programs -> BigInt,
        backends -> BigInt,
    }
}

diesel::joinable!(node_streams -> nodes (node_id));
diesel::joinable!(clients -> publishers (publisher_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(identities -> users (user_id));
diesel::joinable!(grants -> users (user_id));
diesel::joinable!(grants -> clients (client_id));
diesel::joinable!(token_families -> grants (grant_id));
diesel::joinable!(token_families -> sessions (session_id));
diesel::joinable!(one_time_credentials -> token_families (family_id));
diesel::joinable!(one_time_credentials -> web_sessions (web_session_id));

diesel::allow_tables_to_appear_in_same_query!(
    nodes,
    node_streams,
    histories,
    installation,
    clients,
    events,
    grants,
    identities,
    interactions,
    one_time_credentials,
    participants,
    publishers,
    sessions,
    token_families,
    users,
    web_sessions,
);
