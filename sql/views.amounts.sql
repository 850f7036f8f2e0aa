-- What a view shows of money has the digits of its currency, in a type of fixed precision: BI tools take another numeric for
-- text or a float. The functions of the same names stay exact, so that their parts add up.

CREATE OR REPLACE FUNCTION revenue.currency_digits(currency text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE
    WHEN currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN 0
    WHEN currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 3
    WHEN currency IN ('CLF', 'UYW') THEN 4
    ELSE 2 END;
END;
COMMENT ON FUNCTION revenue.currency_digits IS
  'For views: digits after the decimal point of amounts in a currency, by ISO 4217';

-- No view is built on another one, and no function on a view, so that each can be made anew.
DO $$
DECLARE
  view record;
  comments text;
BEGIN
  FOR view IN
    SELECT c.oid, c.oid::regclass::text AS name, coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '') AS options,
      rtrim(pg_get_viewdef(c.oid), ';') AS definition,
      string_agg(CASE
        WHEN a.attname IN ('weighted_amount', 'weighted_value') OR a.atttypid = 'numeric'::regtype AND a.attname NOT IN ('fx_rate', 'hours_saved')
          THEN format('round(v.%1$I::numeric, revenue.currency_digits(v.%2$I))::numeric(24,4) AS %1$I', a.attname,
            CASE WHEN m.reporting AND (NOT m.original OR a.attname NOT IN ('amount', 'mrr_original')) THEN 'reporting_currency' ELSE 'currency' END)
        WHEN a.attname = 'fx_rate' THEN 'v.fx_rate::numeric(24,12) AS fx_rate'
        WHEN a.attname = 'hours_saved' THEN 'v.hours_saved::numeric(18,2) AS hours_saved'
        ELSE format('v.%I', a.attname) END, ', ' ORDER BY a.attnum) AS columns
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
    CROSS JOIN LATERAL (
      SELECT bool_or(x.attname = 'reporting_currency') AS reporting, bool_or(x.attname = 'currency') AS original
      FROM pg_attribute AS x WHERE x.attrelid = c.oid AND x.attnum > 0) AS m
    WHERE c.relnamespace = 'revenue'::regnamespace AND c.relkind = 'v'
    GROUP BY c.oid
    HAVING bool_or(a.atttypid = 'numeric'::regtype AND a.atttypmod = -1 OR a.attname IN ('weighted_amount', 'weighted_value'))
  LOOP
    SELECT string_agg(format('COMMENT ON %s IS %L', CASE d.objsubid WHEN 0 THEN format('VIEW %s', view.name)
      ELSE format('COLUMN %s.%I', view.name, a.attname) END, d.description), '; ') INTO comments
    FROM pg_description AS d LEFT JOIN pg_attribute AS a ON a.attrelid = d.objoid AND a.attnum = d.objsubid
    WHERE d.objoid = view.oid AND d.classoid = 'pg_class'::regclass;
    EXECUTE format('DROP VIEW %s', view.name);
    EXECUTE format('CREATE VIEW %s%s AS SELECT %s FROM (%s) AS v', view.name, view.options, view.columns, view.definition);
    EXECUTE comments;
  END LOOP;
END $$;
