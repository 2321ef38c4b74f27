-- No label has more releases in a format, or from more countries, than it has releases.
SELECT label_id, released_year, releases, countries, vinyl_releases, cd_releases, file_releases
FROM built
WHERE releases < 1 OR greatest(countries, vinyl_releases, cd_releases, file_releases) > releases
