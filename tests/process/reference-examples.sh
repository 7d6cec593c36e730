curl -H "Authorization: Bearer YOUR_TOKEN" \
  http://localhost:6969/api/status

curl -H "X-API-Token: YOUR_TOKEN" \
  http://localhost:6969/api/status

curl http://localhost:6969/web/status

curl "http://localhost:6969/web/radarr/radarr-4k/movies?year_min=2020&year_max=2024"

curl "http://localhost:6969/web/radarr/movies-hd/movies?monitored=true&has_file=false"

curl "http://localhost:6969/web/radarr/movies/movies?quality_met=false&has_file=true"

curl "http://localhost:6969/web/radarr/movies/movies?is_request=true"

curl "http://localhost:6969/web/radarr/movies/movies?q=matrix&page=0&page_size=25"

curl "http://localhost:6969/web/sonarr/sonarr-anime/series"

curl "http://localhost:6969/web/sonarr/sonarr-tv/series?missing=true"

curl "http://localhost:6969/web/sonarr/sonarr-tv/series?q=breaking%20bad"

curl "http://localhost:6969/web/sonarr/sonarr-tv/series?page=0&page_size=50"

curl "http://localhost:6969/web/lidarr/lidarr-music/artists"

curl "http://localhost:6969/web/lidarr/lidarr-music/artists?missing=true"

curl "http://localhost:6969/web/lidarr/lidarr-music/artists?q=pink%20floyd"

curl "http://localhost:6969/web/processes"

curl "http://localhost:6969/web/status"

curl "http://localhost:6969/web/arr"

curl -X POST "http://localhost:6969/web/arr/movies/restart"

curl -X POST \
  -H "Authorization: Bearer YOUR_TOKEN" \
  "http://localhost:6969/api/arr/tv-shows/restart"

curl -X POST "http://localhost:6969/web/arr/rebuild"

curl "http://localhost:6969/web/logs"

curl "http://localhost:6969/web/logs/Main.log"

TOTAL=$(curl -s "http://localhost:6969/web/logs/Main.log" | jq -r '.total_lines')
OFFSET=$((TOTAL - 100))
curl "http://localhost:6969/web/logs/Main.log?offset=$OFFSET&limit=100"

curl "http://localhost:6969/web/logs/Main.log?offset=1000&limit=500"

curl "http://localhost:6969/web/config"

curl -X POST \
  -H "Content-Type: application/json" \
  -d '{"changes": {"WebUI.Theme": "light"}}' \
  "http://localhost:6969/web/config"

curl -X POST \
  -H "Content-Type: application/json" \
  -d '{
    "changes": {
      "Settings.LoopSleepTimer": 10,
      "Settings.AutoUpdateEnabled": true,
      "WebUI.LiveArr": false
    }
  }' \
  "http://localhost:6969/web/config"

curl -X POST \
  -H "Content-Type: application/json" \
  -d '{"deletions": ["Settings.OldKey", "Radarr-Old"]}' \
  "http://localhost:6969/web/config"

curl "http://localhost:6969/web/radarr/movies/movies?page_size=50"

curl "http://localhost:6969/web/radarr/movies/movies?page_size=200"

curl "http://localhost:6969/web/radarr/movies/movies?has_file=false&monitored=true"

curl "http://localhost:6969/web/meta"

curl "http://localhost:6969/web/meta?force=true"

curl -X POST "http://localhost:6969/web/update"

curl -X POST \
  -H "Authorization: Bearer YOUR_TOKEN" \
  "http://localhost:6969/api/update"

curl -X POST "http://localhost:6969/web/restart"
