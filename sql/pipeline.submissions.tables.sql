-- The room pipeline: what reps submit as their forecast, and what is put in its place. Run once, at
-- installation.

CREATE TABLE revenue.forecast_submissions (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  submission_id text NOT NULL DEFAULT gen_random_uuid()::text CHECK (submission_id <> ''),
  rep_id text NOT NULL,
  period_from date NOT NULL CHECK (isfinite(period_from)),
  period_to date NOT NULL CHECK (isfinite(period_to)),
  version integer NOT NULL CHECK (version > 0),
  commit_amount numeric(18,6) CHECK (commit_amount >= 0 AND commit_amount <> 'NaN'),
  best_case_amount numeric(18,6) CHECK (best_case_amount >= 0 AND best_case_amount <> 'NaN'),
  pipeline_amount numeric(18,6) CHECK (pipeline_amount >= 0 AND pipeline_amount <> 'NaN'),
  currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  note text,
  submitted_at timestamptz NOT NULL CHECK (isfinite(submitted_at)),
  submitted_by text NOT NULL,
  PRIMARY KEY (org_id, submission_id),
  UNIQUE (org_id, rep_id, period_from, period_to, version),
  FOREIGN KEY (org_id, rep_id) REFERENCES revenue.reps,
  CHECK (period_from < period_to),
  CHECK (commit_amount <= best_case_amount),
  CHECK (best_case_amount <= pipeline_amount),
  CHECK (commit_amount <= pipeline_amount),
  CHECK (num_nonnulls(commit_amount, best_case_amount, pipeline_amount) > 0)
);
COMMENT ON TABLE revenue.forecast_submissions IS 'What each rep says he will win in a period. Append-only: a new submission leaves the old one as it was. Written by submit_forecast()';
COMMENT ON COLUMN revenue.forecast_submissions.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.forecast_submissions.submission_id IS 'Key of the submission';
COMMENT ON COLUMN revenue.forecast_submissions.rep_id IS 'Rep whose own deals are forecast';
COMMENT ON COLUMN revenue.forecast_submissions.period_from IS 'First day of the period';
COMMENT ON COLUMN revenue.forecast_submissions.period_to IS 'Day after its last';
COMMENT ON COLUMN revenue.forecast_submissions.version IS '1, 2, ... for each rep and period, in the order of submission';
COMMENT ON COLUMN revenue.forecast_submissions.commit_amount IS 'What he commits to win in the whole period, what is won already included; NULL = not said';
COMMENT ON COLUMN revenue.forecast_submissions.best_case_amount IS 'What he may win at best, the commit included; NULL = not said';
COMMENT ON COLUMN revenue.forecast_submissions.pipeline_amount IS 'What he would win if all closed, the best case included; NULL = not said';
COMMENT ON COLUMN revenue.forecast_submissions.currency IS 'Currency of the amounts, ISO 4217';
COMMENT ON COLUMN revenue.forecast_submissions.note IS 'What he says about it';
COMMENT ON COLUMN revenue.forecast_submissions.submitted_at IS 'When, by the clock; later for each version';
COMMENT ON COLUMN revenue.forecast_submissions.submitted_by IS 'Who, as caller_identity() gives it';

CREATE TABLE revenue.forecast_overrides (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  override_id text NOT NULL DEFAULT gen_random_uuid()::text CHECK (override_id <> ''),
  rep_id text NOT NULL,
  period_from date NOT NULL CHECK (isfinite(period_from)),
  period_to date NOT NULL CHECK (isfinite(period_to)),
  category text NOT NULL CHECK (category IN ('commit', 'best_case', 'pipeline')),
  version integer NOT NULL CHECK (version > 0),
  amount numeric(18,6) CHECK (amount >= 0 AND amount <> 'NaN'),
  currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  reason text NOT NULL CHECK (reason <> ''),
  submission_id text,
  overridden_at timestamptz NOT NULL CHECK (isfinite(overridden_at)),
  overridden_by text NOT NULL,
  PRIMARY KEY (org_id, override_id),
  UNIQUE (org_id, rep_id, period_from, period_to, category, version),
  FOREIGN KEY (org_id, rep_id) REFERENCES revenue.reps,
  FOREIGN KEY (org_id, submission_id) REFERENCES revenue.forecast_submissions,
  CHECK (period_from < period_to)
);
CREATE INDEX forecast_overrides_submission ON revenue.forecast_overrides (org_id, submission_id)
  WHERE submission_id IS NOT NULL;
COMMENT ON TABLE revenue.forecast_overrides IS 'Figures put in the place of what a rep, or all below a manager, forecast. Append-only. Written by override_forecast()';
COMMENT ON COLUMN revenue.forecast_overrides.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.forecast_overrides.override_id IS 'Key of the override';
COMMENT ON COLUMN revenue.forecast_overrides.rep_id IS 'Rep, or manager, whose resulting figure it is';
COMMENT ON COLUMN revenue.forecast_overrides.period_from IS 'First day of the period';
COMMENT ON COLUMN revenue.forecast_overrides.period_to IS 'Day after its last';
COMMENT ON COLUMN revenue.forecast_overrides.category IS 'commit, best_case or pipeline, each with what the ones before it hold';
COMMENT ON COLUMN revenue.forecast_overrides.version IS '1, 2, ... for each rep, period and category; the latest is in force';
COMMENT ON COLUMN revenue.forecast_overrides.amount IS 'The figure, in currency; NULL = the override is withdrawn';
COMMENT ON COLUMN revenue.forecast_overrides.currency IS 'Its currency, ISO 4217';
COMMENT ON COLUMN revenue.forecast_overrides.reason IS 'Why';
COMMENT ON COLUMN revenue.forecast_overrides.submission_id IS 'The rep''s submission at that time; NULL = he had none';
COMMENT ON COLUMN revenue.forecast_overrides.overridden_at IS 'When, by the clock; later for each version';
COMMENT ON COLUMN revenue.forecast_overrides.overridden_by IS 'Who, as caller_identity() gives it';

-- A member reads the submissions of the rep he is, and no other.
SELECT revenue.protect_table('revenue.forecast_submissions', 'analyst');
SELECT revenue.protect_table('revenue.forecast_overrides', 'analyst');
CREATE POLICY own_readable ON revenue.forecast_submissions FOR SELECT
  USING (org_id = ANY (revenue.visible_orgs('own')) AND revenue.own_rep(org_id, rep_id));
