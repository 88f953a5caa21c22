"""A gateway over an Azurite of its own, for the tests that drive gateways, and Microsoft's own client to look behind it."""
from azure.storage.blob import BlobServiceClient

import azurite

ACCOUNT_VALUES = {"accountName": azurite.ACCOUNT, "accountKey": azurite.KEY}


def azure_values(server: azurite.Azurite, **account) -> dict:
    """Values that choose Azure Blob Storage; the gateway keeps a root pair of its own."""
    return {"minio": {"persistence": {"enabled": False}},
            "backup": {"storage": {"backend": {"azure": {"enabled": True, "endpoint": server.endpoint, **(account or ACCOUNT_VALUES)}}}}}


class OverAzure:
    """Beside GatewayTestCase: its gateway stands over Azurite. `blobs` is Microsoft's client for the same account."""

    @classmethod
    def storage_values(cls) -> dict:
        cls.azurite = azurite.Azurite(cls.work)
        cls.addClassCleanup(cls.azurite.stop)
        cls.blobs = BlobServiceClient(cls.azurite.url, credential=azurite.KEY)
        cls.addClassCleanup(cls.blobs.close)
        return azure_values(cls.azurite)
