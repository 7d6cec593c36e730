"""The example client of the API reference, word for word: whoever uses it must be able to use us."""

# ruff: noqa: ERA001, I001, UP006, UP035, UP045
# fmt: off
import requests
from typing import Optional, Dict, List, Any

class QBitrrClient:
    """Python client for qBitrr API"""

    def __init__(self, base_url: str, token: Optional[str] = None):
        self.base_url = base_url.rstrip('/')
        self.session = requests.Session()

        if token:
            self.session.headers.update({'Authorization': f'Bearer {token}'})

    def _get(self, path: str, params: Optional[Dict] = None) -> Any:
        """Make GET request"""
        url = f"{self.base_url}/{path.lstrip('/')}"
        response = self.session.get(url, params=params, timeout=10)
        response.raise_for_status()
        return response.json()

    def _post(self, path: str, json: Optional[Dict] = None) -> Any:
        """Make POST request"""
        url = f"{self.base_url}/{path.lstrip('/')}"
        response = self.session.post(url, json=json, timeout=10)
        response.raise_for_status()
        return response.json()

    # Status & Processes
    def get_status(self) -> Dict:
        """Get backend status"""
        return self._get('/web/status')

    def get_processes(self) -> List[Dict]:
        """Get all running processes"""
        return self._get('/web/processes')['processes']

    # Radarr
    def get_radarr_movies(self, category: str, **filters) -> Dict:
        """Get movies from Radarr instance

        Filters: q, page, page_size, year_min, year_max,
                 monitored, has_file, quality_met, is_request
        """
        return self._get(f'/web/radarr/{category}/movies', params=filters)

    # Sonarr
    def get_sonarr_series(self, category: str, **filters) -> Dict:
        """Get series from Sonarr instance

        Filters: q, page, page_size, missing
        """
        return self._get(f'/web/sonarr/{category}/series', params=filters)

    # Lidarr
    def get_lidarr_artists(self, category: str, **filters) -> Dict:
        """Get artists from Lidarr instance

        Filters: q, page, page_size, missing
        """
        return self._get(f'/web/lidarr/{category}/artists', params=filters)

    # Arr Management
    def get_arrs(self) -> List[Dict]:
        """List all configured Arr instances"""
        return self._get('/web/arr')['arr']

    def restart_arr(self, category: str) -> Dict:
        """Restart specific Arr instance"""
        return self._post(f'/web/arr/{category}/restart')

    def rebuild_arrs(self) -> Dict:
        """Rebuild all Arr metadata"""
        return self._post('/web/arr/rebuild')

    # Logs
    def list_logs(self) -> List[str]:
        """List available log files"""
        return self._get('/web/logs')['logs']

    def get_log(self, name: str, offset: int = 0, limit: int = 5000) -> Dict:
        """Read log file"""
        params = {'offset': offset, 'limit': limit}
        return self._get(f'/web/logs/{name}', params=params)

    # Configuration
    def get_config(self) -> Dict:
        """Get current configuration"""
        return self._get('/web/config')

    def update_config(self, changes: Optional[Dict] = None,
                     deletions: Optional[List[str]] = None) -> Dict:
        """Update configuration"""
        payload = {}
        if changes:
            payload['changes'] = changes
        if deletions:
            payload['deletions'] = deletions
        return self._post('/web/config', json=payload)

    # Meta & FakeSelfUpdate
    def get_meta(self, force: bool = False) -> Dict:
        """Get version and update info"""
        params = {'force': force} if force else None
        return self._get('/web/meta', params=params)

    def update(self) -> Dict:
        """Trigger application update"""
        return self._post('/web/update')

    def restart(self) -> Dict:
        """Restart application"""
        return self._post('/web/restart')


# Usage examples
if __name__ == '__main__':
    # Initialize client
    client = QBitrrClient('http://localhost:6969')

    # Check status
    status = client.get_status()
    print(f"Backend ready: {status['ready']}")

    # Get missing movies
    movies = client.get_radarr_movies(
        'radarr-4k',
        has_file=False,
        monitored=True,
        year_min=2020
    )
    print(f"Missing movies: {movies['counts']['missing']}")

    # Check for updates
    meta = client.get_meta(force=True)
    if meta['update_available']:
        print(f"Update available: {meta['latest_version']}")
        # Uncomment to auto-update
        # client.update()

    # Tail logs
    logs = client.get_log('Main.log', limit=50)
    print(logs['content'])
