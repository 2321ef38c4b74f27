-- about: A style in a year: its releases, and its share of all releases of the year.
-- reads: releases_v6, release_styles_v1
-- mode: replace
-- key: style, released_year
-- sort: style, released_year
-- column style VARCHAR: The style.
-- column released_year INTEGER: The year.
-- column releases BIGINT: The number of releases with the style.
-- column share DOUBLE: That number by the number of all releases of the year, from 0 to 1.
-- column share_change DOUBLE: The share, less that of the year before; a year without the style has the share 0.
--
-- Releases without a year are left out. The shares of a year add up to more than 1, because a release may have several
-- styles.
WITH in_year AS (
    SELECT released_year, count(*) AS releases
    FROM releases_v6
    WHERE released_year IS NOT NULL
    GROUP BY released_year
),
styled AS (
    SELECT style, released_year, count(*) AS releases
    FROM (
        SELECT DISTINCT style, released_year, releases_v6.release_id
        FROM releases_v6
        JOIN release_styles_v1 ON release_styles_v1.release_id = releases_v6.release_id
        WHERE released_year IS NOT NULL AND style IS NOT NULL
    ) AS of_releases
    GROUP BY style, released_year
),
shares AS (
    SELECT
        style,
        styled.released_year,
        styled.releases,
        CAST(styled.releases AS DOUBLE) / in_year.releases AS share
    FROM styled
    JOIN in_year ON in_year.released_year = styled.released_year
)
SELECT
    shares.style,
    shares.released_year,
    shares.releases,
    shares.share,
    shares.share - coalesce(year_before.share, 0) AS share_change
FROM shares
LEFT JOIN shares AS year_before
    ON year_before.style = shares.style AND year_before.released_year = shares.released_year - 1
ORDER BY shares.style, shares.released_year
