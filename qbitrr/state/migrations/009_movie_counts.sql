-- How many movies there are by what lists filter by, so that a total costs the same in any library. Triggers keep it:
-- whoever writes movies need not know.
CREATE TABLE movie_counts (
    category TEXT NOT NULL,
    year INTEGER NOT NULL,
    monitored INTEGER NOT NULL,
    has_file INTEGER NOT NULL,
    quality_met INTEGER NOT NULL,
    is_request INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (category, year, monitored, has_file, quality_met, is_request)
) STRICT, WITHOUT ROWID;

INSERT INTO movie_counts
SELECT category, year, monitored, has_file, quality_met, is_request, count(*) FROM movies GROUP BY 1, 2, 3, 4, 5, 6;

CREATE TRIGGER movies_counted AFTER INSERT ON movies BEGIN
    INSERT INTO movie_counts
    VALUES (new.category, new.year, new.monitored, new.has_file, new.quality_met, new.is_request, 1)
    ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER movies_discounted AFTER DELETE ON movies BEGIN
    UPDATE movie_counts SET number = number - 1
    WHERE (category, year, monitored, has_file, quality_met, is_request)
        = (old.category, old.year, old.monitored, old.has_file, old.quality_met, old.is_request);
END;
CREATE TRIGGER movies_recounted
AFTER UPDATE OF category, year, monitored, has_file, quality_met, is_request ON movies BEGIN
    UPDATE movie_counts SET number = number - 1
    WHERE (category, year, monitored, has_file, quality_met, is_request)
        = (old.category, old.year, old.monitored, old.has_file, old.quality_met, old.is_request);
    INSERT INTO movie_counts
    VALUES (new.category, new.year, new.monitored, new.has_file, new.quality_met, new.is_request, 1)
    ON CONFLICT DO UPDATE SET number = number + 1;
END;
