# One image for web, worker, schedule and opening; compose.yaml says which is which.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data HOST=0.0.0.0
RUN useradd --system --create-home evergreen && install -d -o evergreen /data
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
RUN python -m compileall -q .
USER evergreen
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "crm.serve"]
