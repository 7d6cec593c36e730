"""Requests to the control plane, with the status that is expected."""


async def get(client, path, status=200, **options):
    """Return the JSON of a GET, whose status has to be as expected."""
    async with client.get(path, **options) as response:
        body = await response.json()
        assert response.status == status, body
        return body


async def post(client, path, status=200, **options):
    """Return the JSON of a POST, whose status has to be as expected."""
    async with client.post(path, **options) as response:
        body = await response.json()
        assert response.status == status, body
        return body
