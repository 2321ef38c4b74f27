-- masters_v1: masters_v1_typed without the suffix in its name. Columns are listed, because a view of * breaks in Trino when a column is added.
SELECT
    master_id,
    main_release_id,
    title,
    year,
    master_artists,
    master_artist_ids,
    genres,
    styles,
    data_quality,
    notes
FROM masters_v1_typed
