"""Ask Open-Meteo for the temperature of each city; the service needs no key."""

from airflow.sdk import DAG, task

CITIES = {
    "Helsinki": (60.17, 24.94),
    "Nairobi": (-1.29, 36.82),
    "Lima": (-12.05, -77.04),
    "Hanoi": (21.03, 105.85),
}

with DAG("weather_open_meteo", schedule=None, catchup=False, tags=["example"]):

    @task(retries=2)
    def fetch_all() -> dict:
        import requests

        temperatures = {}
        for city, (latitude, longitude) in CITIES.items():
            answer = requests.get(
                "https://api.open-meteo.com/v1/forecast",
                params={"latitude": latitude, "longitude": longitude, "current": "temperature_2m"},
                timeout=30,
            )
            answer.raise_for_status()
            temperatures[city] = answer.json()["current"]["temperature_2m"]
        return temperatures

    @task
    def report(temps: dict) -> str:
        for city, degrees in sorted(temps.items()):
            print(f"{city:<10}{degrees:>6.1f} °C")
        return max(temps, key=temps.get)

    report(fetch_all())
