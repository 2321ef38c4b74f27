-- masters_v1: masters_v1_typed under the name without its suffix. Columns are named: a view of * breaks in Trino when one is added.
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
