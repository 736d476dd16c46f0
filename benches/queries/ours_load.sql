-- Fills the gateway's tables (schema `public`) from those of the read benchmark (schema `bill`), and makes the token that
-- the benchmark asks with: a reader, who sees everything, as the peer's callers do.
set client_min_messages = warning;
insert into public.customers (id, email, name, currency, delinquent, balance, created, livemode, metadata,
    deleted, unsettled, account, api_version, stamp, stamp_event, synced_at, raw)
  select id, email, name, currency, delinquent, balance, created, false, '{}',
    false, false, '', '', extract(epoch from created), '', created, data from bill.customers;
insert into public.products (id, name, active, description, created, livemode, metadata,
    deleted, unsettled, account, api_version, stamp, stamp_event, synced_at, raw)
  select id, name, active, description, '2025-01-01', false, '{}',
    false, false, '', '', 1735689600, '', '2025-01-01', data from bill.products;
insert into public.prices (id, product, currency, unit_amount, recurring_interval, recurring_interval_count, active, created,
    livemode, metadata, deleted, unsettled, account, api_version, stamp, stamp_event, synced_at, raw)
  select id, product_id, currency, unit_amount, recurring_interval, 1, active, '2025-01-01',
    false, '{}', false, false, '', '', 1735689600, '', '2025-01-01', data from bill.prices;
insert into public.subscriptions (id, customer, price, status, quantity, cancel_at_period_end, current_period_start,
    current_period_end, created, livemode, metadata, deleted, unsettled, account, api_version, stamp, stamp_event, synced_at, raw)
  select id, customer_id, price_id, status, quantity, cancel_at_period_end, current_period_start,
    current_period_end, created, false, '{}', false, false, '', '', extract(epoch from created), '', created, data
    from bill.subscriptions;
insert into public.payment_intents (id, customer, amount, currency, status, description, created, livemode, metadata,
    deleted, unsettled, account, api_version, stamp, stamp_event, synced_at, raw)
  select id, customer_id, amount, currency, status, description, created, false, '{}',
    false, false, '', '', extract(epoch from created), '', created, data from bill.payment_intents;
insert into public.users (id, email, customer, link_attempts, created, updated)
  select id, email, stripe_customer_id, 0, '2025-01-01', '2025-01-01' from bill.users;
insert into public.service_tokens (name, token_hash, role, created_at)
  values ('bench', encode(sha256(('bg_' || repeat('A', 43))::bytea), 'hex'), 'reader', now());
