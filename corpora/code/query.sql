-- ===========================================================================
--  Seed library: who borrows what, and does it come back?
--  Written for PostgreSQL; window functions and filtered aggregates required.
-- ===========================================================================

BEGIN;

CREATE TABLE IF NOT EXISTS variety (
    variety_id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    species      text           NOT NULL,
    cultivar     text           NOT NULL DEFAULT '',
    sow_from     smallint       CHECK (sow_from BETWEEN 1 AND 12),
    grams_left   numeric(8, 2)  NOT NULL DEFAULT 0.00,
    UNIQUE (species, cultivar)
);

CREATE TABLE IF NOT EXISTS loan (
    loan_id      bigserial PRIMARY KEY,
    variety_id   integer NOT NULL REFERENCES variety ON DELETE RESTRICT,
    member_no    char(6) NOT NULL,
    grams_out    numeric(8, 2) NOT NULL CHECK (grams_out > 0),
    grams_back   numeric(8, 2),            -- NULL until returned
    taken_on     date NOT NULL DEFAULT current_date,
    returned_on  date,
    CONSTRAINT sane_dates CHECK (returned_on IS NULL OR returned_on >= taken_on)
);

CREATE INDEX loan_open_idx ON loan (variety_id) WHERE returned_on IS NULL;

INSERT INTO variety (species, cultivar, sow_from, grams_left)
VALUES ('Phaseolus coccineus', 'Painted Lady', 4, 1250),
       ('Beta vulgaris',       'Barrel''s Red', 3, 310.5),
       ('Lactuca sativa',      U&'Caf\00E9 Crisp', 2, 42.75)
ON CONFLICT (species, cultivar) DO UPDATE
    SET grams_left = variety.grams_left + EXCLUDED.grams_left;

COMMIT;

-- ---------------------------------------------------------------------------
--  Return ratio by species and year, with a running total
-- ---------------------------------------------------------------------------

WITH yearly AS (
    SELECT v.species,
           extract(YEAR FROM l.taken_on)::int              AS yr,
           count(*)                                        AS loans,
           count(*) FILTER (WHERE l.returned_on IS NULL)   AS still_out,
           sum(l.grams_out)                                AS g_out,
           sum(coalesce(l.grams_back, 0))                  AS g_back
      FROM loan    AS l
      JOIN variety AS v USING (variety_id)
     WHERE l.taken_on >= DATE '2015-01-01'
       AND v.species NOT LIKE 'test\_%' ESCAPE '\'
     GROUP BY v.species, yr
)
SELECT species,
       yr,
       loans,
       still_out,
       round(100.0 * g_back / nullif(g_out, 0), 1)         AS pct_back,
       sum(loans) OVER (PARTITION BY species ORDER BY yr
                        ROWS UNBOUNDED PRECEDING)          AS loans_to_date,
       CASE WHEN still_out > 5 THEN 'chase'
            WHEN g_back > g_out THEN 'thank'
            ELSE '-'
       END                                                 AS todo
  FROM yearly
 ORDER BY species, yr DESC
 LIMIT 100;	-- plenty for the notice board
